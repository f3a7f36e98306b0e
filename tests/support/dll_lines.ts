/**
 * Lines of DLLogger, read without the program that wrote them.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";

/** A line. */
export interface DllLine {
  /** Seconds since 1970. */
  readonly timestamp: string;
  /** Local time. */
  readonly datetime: string;
  /** Seconds since the start. */
  readonly elapsedtime: string;
  /** `LOG` or `METADATA`. */
  readonly type: string;
  /** Step of a `LOG` line. */
  readonly step: string | number[];
  /** Values of a `LOG` line. */
  readonly data: Record<string, unknown>;
  /** Name of a `METADATA` line. */
  readonly metric: string;
  /** Facts of a `METADATA` line. */
  readonly metadata: { readonly unit: string | null };
}

/** Lines of a file: the prefix, strict JSON, times that agree and never go back. */
export async function dllLines(path: string): Promise<DllLine[]> {
  const lines = (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => {
    assertEquals(line.slice(0, 5), "DLLL ");
    return JSON.parse(line.slice(5)) as DllLine;
  });
  for (const [i, { timestamp, datetime, elapsedtime }] of lines.entries()) {
    assertMatch(datetime, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
    assertMatch(elapsedtime, /^\d+\.\d{6}$/);
    assertAlmostEquals(Date.parse(datetime.replace(" ", "T")) / 1000, Number(timestamp), 0.002);
    assert(i === 0 || Number(timestamp) >= Number(lines[i - 1]!.timestamp));
  }
  return lines;
}

/** Metrics with units, and steps with values. */
export function dllContents(lines: readonly DllLine[]): {
  readonly units: Record<string, string | null>;
  readonly records: [step: string | number[], data: Record<string, unknown>][];
} {
  return {
    units: Object.fromEntries(
      lines.filter(({ type }) => type === "METADATA")
        .map(({ metric, metadata }) => [metric, metadata.unit]),
    ),
    records: lines.filter(({ type }) => type === "LOG").map(({ step, data }) => [step, data]),
  };
}
