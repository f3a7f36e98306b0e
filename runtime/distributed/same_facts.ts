/**
 * Comparison of settings, text and checkpoint between ranks before the first step.
 *
 * @module
 */
import { ConfigError, GroupError } from "../base/errors.ts";
import { oneLine, quoted } from "../base/one_line.ts";
import manifest from "../deno.json" with { type: "json" };
import { flagName } from "../flags/spec.ts";
import type { ProcessGroup } from "./process_group.ts";

/** Values by their user-visible name, such as `--lr`. */
export type Facts = Readonly<Record<string, string>>;

/** Version of this program: processes of one job run the same. */
export const PROGRAM_VERSION: string = manifest.version;

/**
 * The settings of a configuration by flag, without those that may differ between ranks.
 *
 * @param free names of fields that may differ
 */
export function settingFacts(
  config: Readonly<Record<string, unknown>>,
  free: ReadonlySet<string>,
): Facts {
  const entries = Object.entries(config).filter(([key]) => !free.has(key)).map(([key, value]) => {
    return [
      `--${flagName(key)}`,
      typeof value === "string" ? value : JSON.stringify(value) ?? "none",
    ];
  });
  return { "the program version": PROGRAM_VERSION, ...Object.fromEntries(entries) };
}

/** A sentence about the first fact that differs; undefined if there is none. */
export function factDifference(
  own: Facts,
  ownRank: number,
  other: Facts,
  otherRank: number,
): string | undefined {
  const names = [...new Set([...Object.keys(own), ...Object.keys(other)])];
  const name = names.find((name) => own[name] !== other[name]);
  if (name === undefined) return undefined;
  const [here, there] = [own, other].map(({ [name]: value }) =>
    value === undefined ? "not known" : quoted(value)
  );
  return `Cannot work as one job: ${oneLine(name, 120)} is ${here} on process ${ownRank} ` +
    `and ${there} on process ${otherRank}; give every process the same`;
}

/**
 * Compares the facts of all processes with those of process 0.
 *
 * @throws {ConfigError} on every process, naming the fact, both values and both processes
 * @throws {GroupError} when another rank has ended
 */
export async function assertSameFacts(group: ProcessGroup, facts: Facts): Promise<void> {
  if (group.size === 1) return;
  const parts = await group.allGather(new TextEncoder().encode(JSON.stringify(facts)));
  const [first, ...others] = parts.map((bytes, rank) => parseFacts(bytes, rank));
  for (const [i, other] of others.entries()) {
    const difference = factDifference(first!, 0, other, i + 1);
    if (difference !== undefined) throw new ConfigError(difference);
  }
}

/** Facts received from another process, validated. */
export function asFacts(value: unknown): Facts | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.values(value).every((fact) => typeof fact === "string")
    ? value as Facts
    : undefined;
}

function parseFacts(bytes: Uint8Array, rank: number): Facts {
  let facts: Facts | undefined;
  try {
    facts = asFacts(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    facts = undefined;
  }
  if (facts !== undefined) return facts;
  throw new GroupError(
    `Cannot work as one job: process ${rank} sent no settings; run the same program on all`,
  );
}
