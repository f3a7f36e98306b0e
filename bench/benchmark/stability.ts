/**
 * `deno task benchmark stability`: validation perplexity of runs that differ in the seed alone. Every
 * run is a command of training; finished runs are kept and interrupted ones continued.
 *
 * @module
 */
import { perplexity } from "@transformer-xl/eval";
import { ConfigError, exists, flagName, formatSeconds } from "@transformer-xl/runtime";
import { PUBLISHED_STABILITY } from "../published/stability.ts";
import type { StabilityFlags } from "./settings.ts";
import { stabilityLines } from "./spread.ts";
import { publishedRunLines } from "../published/whole_runs.ts";

/** Losses of one run. */
export interface SeedRun {
  /** Its seed. */
  readonly seed: number;
  /** Validation perplexity by step. */
  readonly validations: ReadonlyMap<number, number>;
  /** Perplexity of the test split; undefined without a test. */
  readonly test: number | undefined;
}

const TRAIN = new URL("../../train/cli.ts", import.meta.url);

/**
 * Runs every seed, one after the other, and prints a table.
 *
 * @returns exit code
 * @throws {ConfigError} when a run fails
 */
export async function stability(
  flags: StabilityFlags,
  print: (line: string) => void,
): Promise<number> {
  const runs: SeedRun[] = [];
  for (let seed = flags.seed; seed < flags.seed + flags.seeds; seed++) {
    const folder = `${flags.workDir}/seed_${seed}`;
    const isBegun = await exists(`${folder}/checkpoint_last.safetensors`);
    const words = isBegun && !flags.dryRun
      ? continuedWords(flags, folder)
      : seedWords(flags, seed, folder);
    const command = `deno task train ${words.join(" ")}`;
    if (flags.dryRun) {
      print(command);
      continue;
    }
    let run = await readRun(folder, seed);
    if (run === undefined) {
      print(command);
      const startMs = performance.now();
      await train(words, seed);
      run = (await readRun(folder, seed))!;
      print(`seed ${seed}: ${formatSeconds(performance.now() - startMs)}`);
    } else print(`seed ${seed}: results in ${folder}`);
    runs.push(run);
  }
  if (flags.dryRun) return 0;
  const published = PUBLISHED_STABILITY.find(({ preset, year }) =>
    preset === flags.preset && year === flags.publishedYear
  );
  const isTheirs = isAsPublished(flags);
  for (
    const line of [
      "",
      ...stabilityLines(runs, isTheirs ? published : undefined),
      ...isTheirs ? publishedRunLines(flags) : [],
    ]
  ) print(line);
  return 0;
}

/** Flags that a run has from those of the benchmark, where given. */
const PASSED = [
  ...["data", "dataset", "evalInterval", "batchSize", "tgtLen", "memLen"],
  ...["nLayer", "nHead", "dHead", "dModel", "dInner"],
] as const;

/** Published runs had the preset's settings throughout. */
function isAsPublished(flags: StabilityFlags): boolean {
  const changed = PASSED.filter((key) => key !== "data" && key !== "evalInterval");
  return changed.every((key) => flags[key as keyof StabilityFlags] === null) &&
    flags.steps === null;
}

/** Words of a command that trains one seed. */
export function seedWords(flags: StabilityFlags, seed: number, folder: string): string[] {
  const passed = PASSED.flatMap((key) => {
    const value = flags[key as keyof StabilityFlags];
    return value === null ? [] : [`--${flagName(key)}`, String(value)];
  });
  return [
    ...["--preset", flags.preset, "--seed", String(seed), "--work_dir", folder],
    ...flags.steps === null ? [] : ["--max_step", String(flags.steps)],
    ...flags.fp16 ? ["--fp16"] : [],
    ...passed,
    ...processWords(flags),
  ];
}

function continuedWords(flags: StabilityFlags, folder: string): string[] {
  return ["--restart", "--work_dir", folder, ...processWords(flags)];
}

function processWords({ device, webgpu, gpus, oversubscribe }: StabilityFlags): string[] {
  return [
    ...device === "auto" ? [] : ["--device", device],
    ...webgpu === null ? [] : ["--webgpu", webgpu],
    ...gpus === 1 ? [] : ["--gpus", String(gpus)],
    ...oversubscribe ? ["--oversubscribe"] : [],
  ];
}

async function train(words: readonly string[], seed: number): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", TRAIN.href, ...words],
    stdin: "null",
    stdout: "null",
  }).output();
  if (code === 0) return;
  const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1)!;
  throw new ConfigError(
    `Cannot go on after seed ${seed}: training ended with ${code}, the last line is "${said}"`,
  );
}

/** Results of a finished run; undefined for any other folder. */
async function readRun(folder: string, seed: number): Promise<SeedRun | undefined> {
  const path = `${folder}/train_log.jsonl`;
  if (!await exists(path)) return undefined;
  const records = (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { kind: string; step: number; lossNats: number });
  if (!records.some(({ kind }) => kind === "end")) return undefined;
  const of = (kind: string) => records.filter((record) => record.kind === kind);
  const test = of("test").at(-1);
  return {
    seed,
    validations: new Map(of("eval").map(({ step, lossNats }) => [step, perplexity(lossNats)])),
    test: test === undefined ? undefined : perplexity(test.lossNats),
  };
}
