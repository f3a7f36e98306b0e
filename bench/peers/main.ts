/**
 * `deno run -A bench/peers/main.ts`: this program and other implementations of the model, or of
 * WebGPU, on equal shapes, in turns in one run. A peer that is not installed is one line.
 *
 * @module
 */
import { allLengths } from "@transformer-xl/model";
import { runBenchProgram } from "../harness/bench_program.ts";
import { CONFIGURATIONS } from "./configurations.ts";
import { measureInTurns } from "./measure.ts";
import { dawnPeer, ownPeer } from "./own_peer.ts";
import type { Peer, PeerSession, Workload } from "./peer.ts";
import { pytorchPeer } from "./pytorch/pytorch_peer.ts";
import { type PeersFlags, peersSchema } from "./settings.ts";
import { peerLines } from "./table.ts";

const SEED = 1111;

if (import.meta.main) {
  await runBenchProgram("bench/peers/main.ts", peersSchema, async (flags) => {
    await comparePeers(flags, peersOf(flags), console.log);
    return 0;
  });
}

/** The peers of a comparison, this program first. */
export function peersOf({ device, peers, python, coreTypes, task }: PeersFlags): Peer[] {
  const from = { python: python ?? undefined };
  const pytorch = () => [
    pytorchPeer(from),
    pytorchPeer({ ...from, memory: "keys" }),
    ...coreTypes.map((coreType) => pytorchPeer({ ...from, coreType })),
  ];
  return [
    ownPeer(device),
    ...peers.flatMap((name) => name === "dawn" ? [dawnPeer()] : pytorch()),
  ].filter(({ tasks }) => tasks.includes(task));
}

/**
 * Measures the peers that are installed, and prints the table.
 *
 * @param peers this program first
 * @throws {Error} when a peer builds a model of another size, or ends
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
  const workload: Workload = { model, lengths, task, seed: SEED, threads };
  print(`${config}, ${task}: ${workloadText(workload)}`);
  await using stack = new AsyncDisposableStack();
  const running: { readonly name: string; readonly session: PeerSession }[] = [];
  for (const { name, open } of peers) {
    const session = await open(workload);
    if (typeof session === "string") {
      print(`${name}: ${session}`);
      continue;
    }
    stack.use(session);
    checkSize(name, session, running[0]?.session);
    running.push({ name, session });
    print(`${name}: ${session.detail}`);
  }
  const [own] = running;
  print(`${own!.session.parameters.toLocaleString("en-US")} parameters each`);
  const sessions = running.map(({ session }) => session);
  const times = await measureInTurns(sessions, { rounds, sampleMs, budgetMs: 1000 * budgetS });
  const rows = times.map((each, i) => ({ ...each, name: running[i]!.name }));
  for (const line of peerLines(rows, lengths.batchSize * lengths.tgtLen)) print(line);
  const [load] = Deno.loadavg();
  print(`${threads} cores, load average ${load!.toFixed(1)} at the end, peers included`);
}

/** Equal shapes have equally many parameters. */
function checkSize(name: string, { parameters }: PeerSession, own: PeerSession | undefined): void {
  if (own === undefined || own.parameters === parameters) return;
  throw new Error(
    `Cannot compare ${name}: its model has ${parameters} parameters, this program's ${own.parameters}`,
  );
}

function workloadText({ model, lengths }: Workload): string {
  const { vocabSize, cutoffs, nLayer, nHead, dHead, dModel, dInner, dropout } = model;
  const { batchSize, tgtLen, memLen } = lengths;
  const softmax = cutoffs.length === 0 ? "one softmax" : `clusters at ${cutoffs.join(" ")}`;
  return `batch ${batchSize}, tgt ${tgtLen}, mem ${memLen}; ${nLayer} layers of ${dModel}, ${nHead} ` +
    `heads of ${dHead}, ${dInner} within, ${vocabSize} words, ${softmax}, dropout ${dropout}`;
}
