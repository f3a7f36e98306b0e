/**
 * Signals to training, evaluation and test: the state is saved at once, and a restart continues
 * without a difference. tests/train/signals/signal_storm.ts does the same at many random moments.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { LOCK_NAME, STOP_CODES, type StopSignal } from "@transformer-xl/runtime";
import { contentOf, Scratch, SMALL, wordText } from "../../support/small_run.ts";
import { type Ended, type Flags, Program, runProgram } from "../../support/program.ts";

/** A run whose evaluations and test take seconds, and whose steps of many chunks a signal reaches. */
const SLOW_EVALUATION = {
  ...SMALL,
  device: "cpu",
  batch_size: 64,
  batch_chunk: 32,
  max_step: 48,
  eval_interval: 24,
  eval_batch_size: 1,
  eval_tgt_len: 1,
  optim: "adam",
} as const;

const LAST = "checkpoint_last.safetensors";
const isWindows = Deno.build.os === "windows";

/** Starts or continues a run, signals it some time after a line, and waits for its end. */
async function signalled(
  flags: Flags,
  line: RegExp,
  delayMs: number,
  signal: Deno.Signal,
): Promise<Ended & { readonly elapsedMs: number }> {
  const program = new Program("train", flags);
  await program.printed(line);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  const startMs = performance.now();
  program.signal(signal);
  return { ...await program.ended(), elapsedMs: performance.now() - startMs };
}

async function files(workDir: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(workDir)) names.push(name);
  return names.sort();
}

Deno.test({
  name: "signals in training, evaluation and test save the state, and the whole is bit-equal",
  ignore: isWindows,
  fn: async () => {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(8000)); // evaluations of a second
    const whole = await runProgram("train", {
      ...SLOW_EVALUATION,
      data,
      work_dir: scratch.at("whole"),
    });
    assertEquals([whole.code, whole.stderr], [0, ""]);

    const work_dir = scratch.at("stopped");
    const flags = { ...SLOW_EVALUATION, data, work_dir, restart: true } as const;
    const moments: [line: RegExp, delayMs: number, signal: StopSignal][] = [
      [/step +5 \|/, 0, "SIGINT"], // training
      [/step +20 \|/, 200, "SIGHUP"], // the evaluation of step 24
      [/Continuing from/, 50, "SIGTERM"], // that evaluation again, which is due
      [/step +45 \|/, 200, "SIGHUP"], // the evaluation of step 48, the last
      [/Eval +2 /, 50, "SIGTERM"], // the test
    ];
    for (const [line, delayMs, signal] of moments) {
      const { code, stderr, stdout } = await signalled(flags, line, delayMs, signal);
      assertEquals([code, stderr], [STOP_CODES[signal], ""], stdout);
      assertMatch(
        stdout,
        /^Interrupted (at step \d+; continue|in the test; repeat it) with --res/m,
      );
      assert(!(await files(work_dir)).some((name) => name === LOCK_NAME || name.endsWith(".tmp")));
    }
    const last = await runProgram("train", flags);
    assertEquals([last.code, last.stderr], [0, ""]);
    const testLine = /test loss .*/;
    assertEquals(testLine.exec(last.stdout)?.[0], testLine.exec(whole.stdout)?.[0]);
    for (const name of [LAST, "checkpoint_best.safetensors"]) {
      assertEquals(
        await contentOf(`${work_dir}/${name}`),
        await contentOf(`${scratch.at("whole")}/${name}`),
      );
    }
    assertEquals(await files(work_dir), await files(scratch.at("whole")));
  },
});

Deno.test({
  name: "SIGUSR1 saves without stopping, in training, in evaluation, and in every process of a job",
  ignore: isWindows,
  fn: async () => {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(800));
    for (const gpus of [1, 2]) {
      const work_dir = scratch.at(`run${gpus}`);
      const flags = { ...SLOW_EVALUATION, data, work_dir, gpus, eval_batch_size: gpus };
      const program = new Program("train", { ...flags, max_step: 100, eval_interval: 40 });
      const steps = async () =>
        (await Deno.readTextFile(`${work_dir}/train_log.jsonl`)).trimEnd().split("\n")
          .map((line) => JSON.parse(line) as { kind: string; step: number })
          .filter(({ kind }) => kind === "checkpoint").map(({ step }) => step);
      for (const line of [/step +10 \|/, /step +40 \|/]) {
        await program.printed(line);
        program.signal("SIGUSR1");
      }
      const { code, stdout, stderr } = await program.ended();
      // Deno's own listener to this signal starts the inspector, and tells so or that it cannot.
      assert(!stderr.includes("error:"), stderr);
      assertEquals(code, 0, stdout);
      const [first, ...others] = await steps();
      assert(first! >= 10 && first! < 40, `saved at step ${first}`);
      assert(others.length > 3 || others[0]! > 40 || others.includes(40), `${others}`);
      assert(!stdout.includes("Interrupted"));
    }
  },
});

Deno.test({
  name: "SIGHUP to a job of several processes saves and exits with 129, also during evaluation",
  ignore: isWindows,
  fn: async () => {
    await using scratch = new Scratch();
    const data = await scratch.text("text.txt", wordText(800));
    const flags = { ...SLOW_EVALUATION, data, eval_batch_size: 2, gpus: 2 } as const;
    const whole = await runProgram("train", { ...flags, work_dir: scratch.at("whole") });
    assertEquals(whole.code, 0, whole.stderr);
    const work_dir = scratch.at("stopped");
    for (const line of [/step +5 \|/, /step +20 \|/]) {
      const { code, stderr } = await signalled(
        { ...flags, work_dir, restart: true },
        line,
        50,
        "SIGHUP",
      );
      assertEquals([code, stderr], [129, ""]);
    }
    const last = await runProgram("train", { ...flags, work_dir, restart: true });
    assertEquals([last.code, last.stderr], [0, ""]);
    assertEquals(
      await contentOf(`${work_dir}/${LAST}`),
      await contentOf(`${scratch.at("whole")}/${LAST}`),
    );
  },
});
