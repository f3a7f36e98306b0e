/**
 * Bit-equal reruns and resumes of every optimizer, with all that moves through text and memory.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type OptimizerDefinition, type OptimizerName, OPTIMIZERS } from "@transformer-xl/kernels";
import type { TrainConfig } from "@transformer-xl/train";
import { type Run, together } from "../../support/processes/train_together.ts";
import { contentOf, Scratch, smallConfig, smallCorpus } from "../../support/small_run.ts";

/** What a row of the table turns on. */
const SWITCHES = ["varlen", "roll", "twoChunks", "swapMem", "twoProcesses"] as const;

type Switches = Readonly<Record<typeof SWITCHES[number], boolean>>;

interface Row extends Switches {
  readonly optim: OptimizerName;
}

/**
 * Switches by row: no column equals another or its inverse. Rows and their inverses together hold
 * every pair of values of any two switches.
 */
const PATTERNS = ["00000", "01101", "10101", "11011"];

/** Two rows per optimizer, the second with every switch inverted. */
const ROWS: readonly Row[] = (Object.keys(OPTIMIZERS) as OptimizerName[]).flatMap((optim, n) => {
  const pattern = PATTERNS[n % PATTERNS.length]!;
  return ["1", "0"].map((on) => {
    const switches = SWITCHES.map((name, i) => [name, pattern[i] === on]);
    return { ...Object.fromEntries(switches) as Switches, optim };
  });
});

/** Steps of a run and of the part before its stop, which lies behind the first epoch. */
const STEPS = 9;
const STOP = 6;

function configOf({ optim, varlen, roll, twoChunks, swapMem }: Row): TrainConfig {
  const { settings }: OptimizerDefinition = OPTIMIZERS[optim];
  return smallConfig({
    optim,
    varlen,
    roll,
    batchChunk: twoChunks ? 2 : 1,
    swapMem,
    ...(settings.includes("momentum") && { mom: 0.9 }),
    ...(settings.includes("weightDecay") && { weightDecay: 0.01 }),
    dropout: 0.2,
    dropatt: 0.1,
    maxStep: STEPS,
    maxStepScheduler: STEPS,
    logInterval: 1,
    noEval: true,
  });
}

/** What a run leaves: losses of all ranks, weights, and everything in its last checkpoint. */
async function outcome(run: Run & { readonly workDir: string }, { twoProcesses }: Row) {
  await Deno.mkdir(run.workDir);
  const told = await together(run, twoProcesses ? 2 : 1);
  const checkpoint = `${run.workDir}/checkpoint_last.safetensors`;
  const numbers = told.map(({ losses, weights }) => ({ losses, weights }));
  return { checkpoint, numbers, content: await contentOf(checkpoint) };
}

Deno.test("the table has every optimizer with every switch, and every pair of switches", () => {
  const names = ["optim", ...SWITCHES] as const;
  for (const [i, a] of names.entries()) {
    for (const b of names.slice(i + 1)) {
      const values = (name: keyof Row) => new Set(ROWS.map((row) => row[name]));
      const pairs = new Set(ROWS.map((row) => `${row[a]} ${row[b]}`));
      assertEquals(pairs.size, values(a).size * values(b).size, `${a} and ${b}`);
    }
  }
});

Deno.test("reruns and resumed runs of every optimizer are bit-equal", async (t) => {
  const corpus = await smallCorpus(14);
  for (const row of ROWS) {
    const on = SWITCHES.filter((name) => row[name]);
    await t.step([row.optim, ...on].join(" "), async () => {
      await using scratch = new Scratch();
      const config = configOf(row);
      const whole = await outcome({ config, corpus, workDir: scratch.at("whole") }, row);
      const again = await outcome({ config, corpus, workDir: scratch.at("again") }, row);
      const stopped = { ...config, maxStep: STOP };
      const first = await outcome({ config: stopped, corpus, workDir: scratch.at("first") }, row);
      const from = first.checkpoint;
      const rest = await outcome({ config, corpus, workDir: scratch.at("rest"), from }, row);
      assertEquals([again.numbers, again.content], [whole.numbers, whole.content]);
      assertEquals(rest.content, whole.content);
      for (const [rank, { losses, weights }] of whole.numbers.entries()) {
        const parts = [...first.numbers[rank]!.losses, ...rest.numbers[rank]!.losses];
        assertEquals(parts, losses);
        assertEquals(rest.numbers[rank]!.weights, weights);
      }
      const { epoch } = JSON.parse(first.content["progress"]!) as { epoch: number };
      assert(epoch >= 2, "an epoch is over before the stop");
      assert(Object.keys(whole.content).some((name) => name.startsWith("memory.")));
    });
  }
});
