/**
 * The peers that are this program: its training step, and its evaluation with a memory of keys.
 *
 * @module
 */
import { openScorer } from "@transformer-xl/eval";
import { createModel, type Model, REMEDIES, type Segment } from "@transformer-xl/model";
import {
  chooseAdapter,
  type Device,
  type DeviceChoice,
  GpuDevice,
  isUserError,
  openDevice,
  remedySentence,
} from "@transformer-xl/runtime";
import { loadDawn } from "@transformer-xl/runtime/setup";
import { TrainStep } from "@transformer-xl/train";
import process from "node:process";
import { environmentOfAdapter } from "../harness/environment.ts";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import type { Peer, PeerSession, Sample, Workload } from "./peer.ts";

const RATES = { lr: 1e-3 };

/** Segments of ids, which steps take in turns. */
const SEGMENTS = 4;

/** Runs a segment, and reads the losses since the last call. */
interface Runner extends Disposable {
  run(segment: Segment): void;
  losses(): Promise<readonly number[]>;
}

/** This program on a device. */
export function ownPeer(choice: DeviceChoice): Peer {
  return peerOn("this program", () => openDevice(choice));
}

/** This program on Dawn, whatever WebGPU it otherwise runs on. */
export function dawnPeer(): Peer {
  return peerOn("on Dawn", async () => {
    try {
      return await GpuDevice.open(await chooseAdapter(await loadDawn()));
    } catch (error) {
      if (!isUserError(error)) throw error;
      return remedySentence(error, REMEDIES);
    }
  });
}

/** @param open the device, or why there is none */
function peerOn(name: string, open: () => Promise<Device | string>): Peer {
  return {
    name,
    tasks: ["train", "eval"],
    async open(workload) {
      await using stack = new AsyncDisposableStack();
      const opened = await open();
      if (typeof opened === "string") return opened;
      const device = stack.use(opened);
      const { cutoffs, ...sizes } = workload.model;
      const adaptive = cutoffs.length > 0 && { adaptive: true, cutoffs: [...cutoffs] };
      const training = workload.task === "train";
      const model = stack.use(
        await createModel(device, { ...sizes, ...adaptive }, { training, seed: workload.seed }),
      );
      const runner = stack.use(await recorded(model, workload));
      return new OwnSession(model, runner, workload, stack.move());
    },
  };
}

/** A model with its recording. */
class OwnSession implements PeerSession {
  readonly detail: string;
  readonly parameters: number;
  readonly #runner: Runner;
  readonly #segments: readonly Segment[];
  readonly #owned: AsyncDisposable;
  #ran = 0;

  constructor(model: Model, runner: Runner, workload: Workload, owned: AsyncDisposable) {
    const { adapter, driver, deno } = environmentOfAdapter(model.device.info.adapter);
    const { implementation = "" } = model.device.info;
    const parts = [adapter, driver, implementation, `Deno ${deno}`];
    this.detail = parts.filter((part) => part !== "").join(", ");
    this.parameters = model.store.count;
    this.#runner = runner;
    this.#segments = zipfSegments(
      workload.lengths,
      model.config.nToken,
      workload.seed,
      SEGMENTS,
    );
    this.#owned = owned;
  }

  async run(steps: number): Promise<Sample> {
    const [startMs, before] = [performance.now(), process.cpuUsage()];
    for (let step = 0; step < steps; step++) {
      this.#runner.run(this.#segments[this.#ran++ % SEGMENTS]!);
    }
    const losses = await this.#runner.losses();
    const { user, system } = process.cpuUsage(before);
    const ms = performance.now() - startMs;
    return { ms, cpuMs: (user + system) / 1000, loss: losses.at(-1)! };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]();
  }
}

async function recorded(model: Model, { task, lengths }: Workload): Promise<Runner> {
  if (task === "eval") return await openScorer("webgpu", model, lengths);
  const step = await TrainStep.record(model, lengths);
  return {
    run: (segment) => step.run(segment, RATES),
    losses: () => step.losses(),
    [Symbol.dispose]: () => step[Symbol.dispose](),
  };
}
