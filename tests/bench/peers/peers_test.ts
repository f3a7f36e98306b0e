/**
 * The comparison with peers: turns, table, and this program as one of them.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  comparePeers,
  measureInTurns,
  ownPeer,
  type Peer,
  peerLines,
  type PeerSession,
  peersOf,
  peersSchema,
  pytorchPeer,
  type Sample,
  SharedFiles,
  TASKS,
  warmUp,
} from "@transformer-xl/bench";
import { ConfigError } from "@transformer-xl/runtime";

/** A session whose steps take `ms` of what it is told, and log their turns. */
function session(name: string, ms: number, turns: string[] = []) {
  return {
    run: (steps: number): Promise<Sample> => {
      turns.push(`${name}${steps}`);
      return Promise.resolve({ ms: ms * steps, cpuMs: 2 * ms * steps, loss: ms });
    },
  };
}

Deno.test("peers take turns in samples of enough steps, every second round in the opposite order", async () => {
  const turns: string[] = [];
  const sessions = [
    await warmUp(session("a", 100, turns)),
    await warmUp(session("b", 1000, turns)),
  ];
  const times = await measureInTurns(sessions, { rounds: 3, sampleMs: 350, budgetMs: 1e6 });
  assertEquals(turns, ["a1", "a1", "b1", "b1", "a4", "b1", "b1", "a4", "a4", "b1"]);
  assertEquals(times, [
    { ms: [100, 100, 100], cpuMs: [200, 200, 200], steps: 4, firstLoss: 100 },
    { ms: [1000, 1000, 1000], cpuMs: [2000, 2000, 2000], steps: 1, firstLoss: 1000 },
  ]);
  const [few] = await measureInTurns(sessions, { rounds: 9, sampleMs: 1, budgetMs: 0 });
  assertEquals(few!.ms.length, 2);
});

Deno.test("ratios are those of one round, with their range", () => {
  const own = {
    name: "this program",
    ms: [10, 20, 30],
    cpuMs: [20, 20, 20],
    steps: 2,
    firstLoss: 4.5,
  };
  const peer = { name: "P", ms: [40, 40, 40], cpuMs: [40, 80, 80], steps: 1, firstLoss: 4.25 };
  const [titles, ours, theirs, last] = peerLines([own, peer], 64);
  assertStringIncludes(titles!, "ours over theirs");
  assertEquals(ours!.trim().split(/ {2,}/), [
    ...["this program", "20 (10 to 30)", "3,200", "20", "4.5000", "1", "1"],
  ]);
  assertEquals(theirs!.trim().split(/ {2,}/), [
    ...["P", "40 (40 to 40)", "1,600", "80", "4.2500", "0.5 (0.25 to 0.75)", "0.25 (0.25 to 0.5)"],
  ]);
  assertEquals(
    last,
    "medians (smallest to largest) of 3 rounds in turns; samples of 2, 1 steps",
  );
});

Deno.test("this program trains and evaluates as a peer", async () => {
  for (const task of TASKS) {
    const lengths = { batchSize: 2, tgtLen: 4, memLen: 4, extLen: 0 };
    const model = {
      ...{ vocabSize: 12, cutoffs: [4, 8], nLayer: 1, nHead: 2, dHead: 4, dModel: 8 },
      ...{ dInner: 16, dropout: 0 },
    };
    await using files = await SharedFiles.write({ model, lengths, seed: 1 });
    const opened = await ownPeer("cpu").open({ files, model, lengths, task, seed: 1, threads: 1 });
    assert(typeof opened !== "string");
    await using own = opened;
    const { ms, loss } = await own.run(3);
    assert(ms > 0 && Math.abs(loss - Math.log(12)) < 0.5, `${task}: ${loss}`);
    const [words, attention, network] = [14 * 9, 5 * 64 + 16, 2 * 8 * 16 + 16 + 8];
    assertEquals(own.parameters, words + 16 + attention + network + 16);
  }
});

Deno.test("a peer that is not installed is one line, and one of another size is refused", async () => {
  const flags = peersSchema.parse({ config: "tiny", rounds: 2, budgetS: 1, python: "no-python" });
  const names = (task: "train" | "eval") =>
    peersOf({ ...flags, task, coreTypes: ["HASWELL"] }).map(({ name }) => name);
  const jax = ["jax-js, wasm", "jax-js, webgpu"];
  const onnx = ["ONNX Runtime Web, wasm", "ONNX Runtime Web, webgpu", "ONNX Runtime, Python"];
  assertEquals(names("train"), ["this program", "PyTorch", "PyTorch, HASWELL", ...jax]);
  assertEquals(names("eval"), [
    ...["this program", "PyTorch", "PyTorch, kept keys", "PyTorch, HASWELL", ...jax, ...onnx],
  ]);
  const twice = peersOf({ ...flags, peers: ["cpu", "pytorch", "cpu"], coreTypes: ["ZEN", "ZEN"] });
  assertEquals(twice.map(({ name }) => name), [
    ...["this program", "on the CPU", "PyTorch", "PyTorch, kept keys", "PyTorch, ZEN"],
  ]);
  assertThrows(
    () => peersOf({ ...flags, peers: ["jax"], coreTypes: ["ZEN"] }),
    ConfigError,
    "Cannot use --core_types without PyTorch: add pytorch to --peers",
  );
  const onDawn = peersOf({ ...flags, peers: ["dawn"] }).map(({ name }) => name);
  assertEquals(onDawn, ["this program", "on Dawn"]);
  const fake = (parameters: number, ms = 5): Peer => ({
    name: "fake",
    tasks: TASKS,
    open: () =>
      Promise.resolve({
        ...{ detail: "version 1", parameters, ...session("fake", ms) },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  });
  const failing: Peer = {
    ...{ name: "failing", tasks: TASKS },
    open: async (workload) => {
      const opened = await fake(7).open(workload);
      return { ...opened as PeerSession, run: () => Promise.reject(new Error("out of memory")) };
    },
  };
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const slow = fake(7, 1e6);
  const endless: Peer = {
    ...{ name: "endless", tasks: TASKS },
    open: async (workload) => {
      const opened = await fake(7).open(workload);
      return { ...opened as PeerSession, run: () => new Promise(() => {}) };
    },
  };
  const missing = [pytorchPeer({ python: "no-python" }), failing, slow, endless];
  await comparePeers(flags, [fake(7), ...missing, fake(7)], print);
  assertEquals(lines.slice(2, 6), [
    "PyTorch: not installed, no-python cannot import torch",
    "failing: out of memory",
    "fake: a step takes 1,000 s: left out",
    "endless: the first steps take more than 1 s: left out",
  ]);
  assertEquals(lines.filter((line) => line.startsWith("fake: version 1")).length, 2);
  await assertRejects(
    () => comparePeers(flags, [fake(7), fake(8)], print),
    Error,
    "its model has 8 parameters, this program's 7",
  );
  await assertRejects(
    () => comparePeers(flags, [fake(7), fake(7, 6)], print),
    Error,
    "its first loss is 6, this program's 5",
  );
});
