/**
 * Twins of the model in other programs, where they are installed: their losses are those of this
 * program for equal weights and ids.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  jaxPeer,
  onnxPeer,
  onnxPythonPeer,
  ownPeer,
  type Peer,
  pytorchPeer,
  SharedFiles,
  type Task,
  type Workload,
} from "@transformer-xl/bench";

const WORK: Omit<Workload, "files" | "task"> = {
  model: {
    ...{ vocabSize: 30, cutoffs: [8, 16], nLayer: 2, nHead: 2, dHead: 4, dModel: 8, dInner: 16 },
    dropout: 0,
  },
  lengths: { batchSize: 2, tgtLen: 6, extLen: 0, memLen: 9 },
  seed: 3,
  threads: 1,
};

/** Losses of steps that a peer does one by one; undefined where it is not installed. */
async function losses(peer: Peer, workload: Workload): Promise<number[] | undefined> {
  const opened = await peer.open(workload);
  if (typeof opened === "string") {
    console.log(`${peer.name} is not tried: ${opened}`);
    return undefined;
  }
  await using session = opened;
  const all: number[] = [];
  for (let step = 0; step < STEPS; step++) all.push((await session.run(1)).loss);
  assertEquals(session.parameters, 30 * 9 + 2 * 9 + 2 * (5 * 64 + 2 * 16 * 8 + 24 + 32) + 16);
  return all;
}

/** The memory is full after two. */
const STEPS = 4;

async function assertAlike(task: Task, peers: readonly Peer[]): Promise<void> {
  await using files = await SharedFiles.write(WORK);
  const workload: Workload = { ...WORK, files, task };
  const own = await losses(ownPeer("cpu"), workload);
  for (const peer of peers) {
    const theirs = await losses(peer, workload);
    theirs?.forEach((loss, i) =>
      assertAlmostEquals(loss, own![i]!, 2e-5, `${peer.name}, step ${i + 1}`)
    );
  }
}

Deno.test("equal weights and ids have equal losses in PyTorch with kept keys and in ONNX Runtime", async () => {
  await assertAlike("eval", [
    pytorchPeer({ memory: "keys" }),
    onnxPeer("wasm"),
    onnxPythonPeer(),
  ]);
});

Deno.test("training of equal weights takes the same way in PyTorch and jax-js", async () => {
  await assertAlike("train", [pytorchPeer({ coreType: "HASWELL" }), jaxPeer("wasm")]);
});

Deno.test("kernels that OpenBLAS lacks, in place of which it runs others, are one line", async () => {
  await using files = await SharedFiles.write(WORK);
  const workload: Workload = { ...WORK, files, task: "eval" };
  const reason = await pytorchPeer({ coreType: "NONE" }).open(workload);
  assert(
    typeof reason === "string" && /^no(t installed|\b.* OPENBLAS_CORETYPE NONE), /.test(reason),
  );
});

Deno.test("a package that cannot be had is one line", async () => {
  await using files = await SharedFiles.write(WORK);
  const workload: Workload = { ...WORK, files, task: "eval" };
  const reason = await jaxPeer("wasm", "npm:@jax-js/jax@9.9.9").open(workload);
  assert(typeof reason === "string" && reason.startsWith("not installed, "), String(reason));
});
