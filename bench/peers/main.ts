/**
 * `deno run -A bench/peers/main.ts`: this program and other implementations of the model, or of
 * WebGPU, on equal shapes, in turns in one run. A peer that is not installed is one line.
 *
 * @module
 */
import { ONNX_PROVIDERS } from "@transformer-xl/eval";
import { allLengths } from "@transformer-xl/model";
import { ConfigError, messageOf, oneLine, withTimeout } from "@transformer-xl/runtime";
import { runBenchProgram } from "../harness/bench_program.ts";
import { digits } from "../harness/results.ts";
import { CONFIGURATIONS } from "./configurations.ts";
import { measureInTurns, MIN_ROUNDS, type WarmSession, warmUp } from "./measure.ts";
import { dawnPeer, devicePeer, ownPeer } from "./own_peer.ts";
import { jaxPeer } from "./jax/jax_peer.ts";
import { onnxPeer } from "./onnx/onnx_peer.ts";
import { onnxPythonPeer } from "./onnx/python_peer.ts";
import type { Peer, PeerSession, Workload } from "./peer.ts";
import { pytorchPeer } from "./pytorch/pytorch_peer.ts";
import { type PeersFlags, peersSchema } from "./settings.ts";
import { SharedFiles } from "./shared_files.ts";
import { peerLines } from "./table.ts";

const SEED = 1111;

/** Largest difference of first losses, relative. */
const LOSS_TOLERANCE = 1e-4;

/** The same with dropout, whose masks every peer draws by itself. */
const DROPPED_TOLERANCE = 0.05;

/** Characters of the reason why a peer does not run. */
const LONGEST_REASON = 160;

if (import.meta.main) {
  await runBenchProgram("bench/peers/main.ts", peersSchema, async (flags) => {
    await comparePeers(flags, peersOf(flags), console.log);
    return 0;
  });
}

/**
 * The peers of a comparison, this program first.
 *
 * @throws {ConfigError} when kernels of OpenBLAS were chosen without PyTorch
 */
export function peersOf({ device, peers, python, coreTypes, task }: PeersFlags): Peer[] {
  if (coreTypes.length > 0 && !peers.includes("pytorch")) {
    throw new ConfigError("Cannot use --core_types without PyTorch: add pytorch to --peers");
  }
  const from = { python: python ?? undefined };
  const named: Readonly<Record<PeersFlags["peers"][number], () => Peer[]>> = {
    pytorch: () => [
      pytorchPeer(from),
      pytorchPeer({ ...from, memory: "keys" }),
      ...new Set(coreTypes).values().map((coreType) => pytorchPeer({ ...from, coreType })),
    ],
    jax: () => [jaxPeer("wasm"), jaxPeer("webgpu")],
    onnx: () => [...ONNX_PROVIDERS.map(onnxPeer), onnxPythonPeer(from.python)],
    gpu: () => [devicePeer("gpu")],
    cpu: () => [devicePeer("cpu")],
    dawn: () => [dawnPeer()],
  };
  return [ownPeer(device), ...new Set(peers).values().flatMap((name) => named[name]())]
    .filter(({ tasks }) => tasks.includes(task));
}

/**
 * Measures the peers that are installed, and prints the table.
 *
 * @param peers this program first
 * @throws {Error} when the model of a peer has another size or another loss
 */
export async function comparePeers(
  flags: PeersFlags,
  peers: readonly Peer[],
  print: (line: string) => void,
): Promise<void> {
  const { config, task, rounds, sampleMs, budgetS } = flags;
  const { model, lengths: byTask } = CONFIGURATIONS[config];
  const lengths = allLengths(byTask[task]);
  const threads = navigator.hardwareConcurrency;
  await using stack = new AsyncDisposableStack();
  const files = stack.use(await SharedFiles.write({ model, lengths, seed: SEED }));
  const workload: Workload = { files, model, lengths, task, seed: SEED, threads };
  print(`${config}, ${task}: ${workloadText(workload)}`);
  const running: RunningPeer[] = [];
  for (const peer of peers) {
    const opened = await openPeer(peer, workload, budgetS);
    if (typeof opened === "string") {
      print(`${peer.name}: ${opened}`);
      continue;
    }
    stack.use(opened.session);
    checkAlike(opened, running[0], workload);
    running.push(opened);
    print(`${peer.name}: ${opened.session.detail}`);
  }
  const [own] = running;
  if (own === undefined) throw new Error("Cannot compare peers: none of them runs");
  print(`${own.session.parameters.toLocaleString("en-US")} parameters each`);
  const times = await measureInTurns(running, { rounds, sampleMs, budgetMs: 1000 * budgetS });
  const rows = times.map((each, i) => ({ ...each, name: running[i]!.name }));
  for (const line of peerLines(rows, lengths.batchSize * lengths.tgtLen)) print(line);
  const [load] = Deno.loadavg();
  print(`${threads} cores, load average ${load!.toFixed(1)} at the end, peers included`);
}

/** A peer that has run. */
interface RunningPeer extends WarmSession {
  readonly name: string;
  readonly session: PeerSession;
}

/** Opens a peer and runs its first steps; returns the reason in a line where it cannot. */
async function openPeer(
  { name, open }: Peer,
  workload: Workload,
  budgetS: number,
): Promise<RunningPeer | string> {
  const session = await open(workload);
  if (typeof session === "string") return session;
  await using stack = new AsyncDisposableStack();
  stack.use(session);
  const warming = warmUp(session)
    .catch((error) => oneLine(messageOf(error), LONGEST_REASON));
  const warm = await withTimeout(warming, 1000 * budgetS);
  if (warm === undefined) return `the first steps take more than ${budgetS} s: left out`;
  if (typeof warm === "string") return warm;
  const seconds = warm.stepMs / 1000;
  if (MIN_ROUNDS * seconds > budgetS) return `a step takes ${digits(seconds)} s: left out`;
  stack.move();
  return { ...warm, name, session };
}

/** Equal models have equally many parameters, and equal weights and ids give equal losses. */
function checkAlike(
  { name, session: { parameters }, firstLoss }: RunningPeer,
  own: RunningPeer | undefined,
  { task, model: { dropout } }: Workload,
): void {
  if (own === undefined) return;
  const { parameters: ours } = own.session;
  if (ours !== parameters) {
    throw new Error(
      `Cannot compare ${name}: its model has ${parameters} parameters, this program's ${ours}`,
    );
  }
  const tolerance = task === "train" && dropout > 0 ? DROPPED_TOLERANCE : LOSS_TOLERANCE;
  if (!(Math.abs(firstLoss / own.firstLoss - 1) <= tolerance)) {
    throw new Error(
      `Cannot compare ${name}: its first loss is ${firstLoss}, this program's ${own.firstLoss}`,
    );
  }
}

function workloadText({ model, lengths }: Workload): string {
  const { vocabSize, cutoffs, nLayer, nHead, dHead, dModel, dInner, dropout } = model;
  const { batchSize, tgtLen, memLen } = lengths;
  const softmax = cutoffs.length === 0 ? "one softmax" : `clusters at ${cutoffs.join(" ")}`;
  return `batch ${batchSize}, tgt ${tgtLen}, mem ${memLen}; ${nLayer} layers of ${dModel}, ${nHead} ` +
    `heads of ${dHead}, ${dInner} within, ${vocabSize} words, ${softmax}, dropout ${dropout}`;
}
