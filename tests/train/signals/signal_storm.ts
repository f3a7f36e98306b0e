/**
 * Signals at random moments: every one of SIGHUP, SIGTERM, SIGINT and SIGUSR1, in training, in
 * evaluation and in the test, with one process and two. State must be saved within two seconds or a
 * step, nothing may be lost, and the end must be bit-equal to an undisturbed run.
 *
 *     deno run -A tests/train/signals/signal_storm.ts [COUNT] [SEED] [PROCESSES] [PHASE]
 *
 * COUNT moments of each kind, 20 by default; PROCESSES 1 or 2, PHASE training,
 * evaluation or test; all by default.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { STOP_CODES, type StopSignal } from "@transformer-xl/runtime";
import {
  contentOf,
  lossLines,
  Scratch,
  seededRandom,
  SMALL,
  wordText,
} from "../../support/small_run.ts";
import { type Flags, Program, runProgram } from "../../support/program.ts";

type Phase = "training" | "evaluation" | "test";
type StormSignal = StopSignal | "SIGUSR1";

const SIGNALS: readonly StormSignal[] = ["SIGHUP", "SIGTERM", "SIGINT", "SIGUSR1"];
const MAX_SAVE_MS = 2000;

/** Settings under which a run is in one phase nearly all the time, and the line it begins with. */
const PHASES: Readonly<Record<Phase, { readonly flags: Flags; readonly line: RegExp }>> = {
  training: {
    flags: { max_step: 400, eval_interval: 1000, no_eval: true, no_test: true },
    line: /starting a new run|Continuing from/,
  },
  evaluation: {
    flags: { max_step: 2, eval_interval: 1, warmup_step: 1, log_interval: 1, no_test: true },
    line: /step +1 \||Continuing from/,
  },
  test: {
    flags: { max_step: 2, eval_interval: 2, warmup_step: 1, log_interval: 1 },
    line: /Eval +\d+ at|Continuing from/,
  },
};

/** What the signals of one kind led to. */
interface Finding {
  readonly what: string;
  readonly moments: number;
  readonly longestMs: number;
}

/** Disturbs a run `count` times, continues it to its end and compares it with `whole`. */
async function storm(
  { signal, flags, line, count, random, whole }: {
    readonly signal: StormSignal;
    readonly flags: Flags;
    readonly line: RegExp;
    readonly count: number;
    readonly random: () => number;
    readonly whole: Readonly<Record<string, string>>;
  },
): Promise<Omit<Finding, "what">> {
  let moments = 0;
  let longestMs = 0;
  let ended = false;
  for (let i = 0; i < 3 * count && moments < count; i++) {
    if (ended) await Deno.remove(String(flags.work_dir), { recursive: true });
    const program = new Program("train", flags);
    await program.printed(line);
    await new Promise((resolve) => setTimeout(resolve, 600 * random()));
    const startMs = performance.now();
    program.signal(signal);
    if (signal === "SIGUSR1") await saved(String(flags.work_dir), Date.now() - 1);
    const savedMs = performance.now() - startMs;
    if (signal === "SIGUSR1") program.signal("SIGKILL"); // what was saved has to be enough
    const { code, stderr, stdout } = await program.ended();
    if (/^Training time/m.test(stdout)) {
      ended = true; // the signal came after the end
      continue;
    }
    const stopped = signal === "SIGUSR1" ? [137] : codes(signal, flags);
    if (!stopped.includes(code)) throw new Error(`${signal}: exit ${code}\n${stdout}\n${stderr}`);
    longestMs = Math.max(longestMs, signal === "SIGUSR1" ? savedMs : performance.now() - startMs);
    moments++;
    ended = false;
  }
  if (moments < count) throw new Error(`${signal}: only ${moments} of ${count} moments were met`);
  if (!ended) {
    const { code, stderr, stdout } = await runProgram("train", flags);
    if (code !== 0) throw new Error(`after ${signal}: exit ${code}\n${stdout}\n${stderr}`);
  }
  assertEquals(await contentOf(`${flags.work_dir}/checkpoint_last.safetensors`), whole, signal);
  return { moments, longestMs };
}

/** A launcher that a batch system ends with SIGTERM did as it was asked: 0. */
function codes(signal: StopSignal, { gpus }: Flags): number[] {
  return gpus === 1 ? [STOP_CODES[signal]] : [STOP_CODES[signal], 0];
}

/** Waits until the last checkpoint is newer than `sinceMs`, at most ten seconds. */
async function saved(workDir: string, sinceMs: number): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    try {
      const { mtime } = await Deno.stat(`${workDir}/checkpoint_last.safetensors`);
      if (mtime !== null && mtime.getTime() >= sinceMs) return;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function main(
  count: number,
  seed: number,
  sizes: readonly number[],
  phases: readonly string[],
): Promise<void> {
  const random = seededRandom(seed);
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(6000, seed));
  let slow = 0;
  for (const gpus of sizes) {
    for (const [phase, { flags: own, line }] of Object.entries(PHASES)) {
      if (!phases.includes(phase)) continue;
      const base: Flags = {
        ...SMALL,
        device: "cpu",
        data,
        gpus,
        eval_tgt_len: 1,
        eval_batch_size: gpus,
        restart: true,
        ...own,
      };
      const wholeDir = scratch.at(`whole-${gpus}-${phase}`);
      const reference = await runProgram("train", { ...base, work_dir: wholeDir });
      assertEquals(reference.code, 0, reference.stderr);
      const whole = await contentOf(`${wholeDir}/checkpoint_last.safetensors`);
      for (const signal of SIGNALS) {
        if (phase === "test" && signal === "SIGUSR1") continue; // nothing is left to save
        const work_dir = scratch.at(`${gpus}-${phase}-${signal}`);
        const flags = { ...base, work_dir };
        const found = await storm({ signal, flags, line, count, random, whole });
        if (found.longestMs > MAX_SAVE_MS) slow++;
        console.log(
          `${signal.padEnd(8)} ${phase.padEnd(10)} ${gpus} process${gpus > 1 ? "es" : "  "}  ` +
            `${found.moments} moments, longest ${Math.round(found.longestMs)} ms, end bit-equal`,
        );
      }
      assertEquals(lossLines(reference.stdout).length > 0 || phase === "training", true);
    }
  }
  console.log(slow === 0 ? "all within 2 s" : `${slow} kinds took longer than 2 s`);
}

if (import.meta.main) {
  const [count = "20", seed = "1", size, phase] = Deno.args;
  await main(
    Number(count),
    Number(seed),
    size === undefined ? [1, 2] : [Number(size)],
    phase === undefined ? Object.keys(PHASES) : [phase],
  );
}
