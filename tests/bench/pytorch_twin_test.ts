/**
 * The twin of the model in PyTorch, where that is installed.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ownPeer, pytorchPeer, type Workload } from "@transformer-xl/bench";

const WORKLOAD: Workload = {
  model: {
    ...{ vocabSize: 30, cutoffs: [8, 16], nLayer: 2, nHead: 2, dHead: 4, dModel: 8, dInner: 16 },
    dropout: 0.1,
  },
  lengths: { batchSize: 2, tgtLen: 6, extLen: 0, memLen: 9 },
  task: "eval",
  seed: 3,
  threads: 1,
};

Deno.test("the twin has the shapes of this program, trains, and evaluates alike with either memory", async (t) => {
  const opened = await pytorchPeer().open(WORKLOAD);
  if (typeof opened === "string") return console.log(`The twin in PyTorch is not tried: ${opened}`);
  await using hidden = opened;
  await using stack = new AsyncDisposableStack();
  const use = async (peer: ReturnType<typeof pytorchPeer>, workload: Workload) => {
    const session = await peer.open(workload);
    assert(typeof session !== "string");
    return stack.use(session);
  };
  const own = await use(ownPeer("cpu"), WORKLOAD);
  assertEquals(hidden.parameters, own.parameters);
  await t.step("kept keys", async () => {
    const keys = await use(pytorchPeer({ memory: "keys" }), WORKLOAD);
    for (const steps of [1, 1, 3]) {
      const [one, other] = [await hidden.run(steps), await keys.run(steps)];
      // Only a memory without content differs: hidden states of 0 have keys of 0.
      assertAlmostEquals(one.loss, other.loss, 1e-5);
    }
  });
  await t.step("training", async () => {
    const model = { ...WORKLOAD.model, dropout: 0 };
    const workload: Workload = { ...WORKLOAD, model, task: "train" };
    const training = await use(pytorchPeer({ coreType: "HASWELL" }), workload);
    const [first, last] = [await training.run(1), await training.run(80)]; // of equal ids
    assert(last.loss < first.loss - 0.02, `${first.loss} to ${last.loss}`);
  });
});
