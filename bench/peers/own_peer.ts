/**
 * The peers that are this program: its training step, and its evaluation with a memory of keys.
 *
 * @module
 */
import { openScorer } from "@transformer-xl/eval";
import { loadModel, type Model, REMEDIES } from "@transformer-xl/model";
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
import { environmentOfAdapter } from "../harness/environment.ts";
import { LocalSession, type Runner } from "./local_session.ts";
import { segmentsOf } from "./shared_files.ts";
import type { Peer, Workload } from "./peer.ts";

const RATES = { lr: 1e-3 };

/** This program on a device. */
export function ownPeer(choice: DeviceChoice): Peer {
  return peerOn("this program", () => openDevice(choice));
}

/** This program on a GPU or the software driver, or on the CPU, beside one on another device. */
export function devicePeer(choice: "gpu" | "cpu"): Peer {
  const name = choice === "gpu" ? "on an adapter" : "on the CPU";
  return peerOn(name, () => orReason(() => openDevice(choice, () => {})));
}

/** This program on Dawn, whatever WebGPU it otherwise runs on. */
export function dawnPeer(): Peer {
  return peerOn(
    "on Dawn",
    () => orReason(async () => await GpuDevice.open(await chooseAdapter(await loadDawn()))),
  );
}

/** A device, or the user error in a line. */
async function orReason(open: () => Promise<Device>): Promise<Device | string> {
  try {
    return await open();
  } catch (error) {
    if (!isUserError(error)) throw error;
    return remedySentence(error, REMEDIES);
  }
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
      const training = workload.task === "train";
      const model = stack.use(await loadModel(device, workload.files.weights, { training }));
      const runner = stack.use(await recorded(model, workload));
      return new LocalSession({
        detail: detailOf(device),
        parameters: model.store.count,
        runner,
        segments: segmentsOf(workload),
        owned: stack.move(),
      });
    },
  };
}

async function recorded(model: Model, { task, lengths }: Workload): Promise<Runner & Disposable> {
  if (task === "eval") return await openScorer("webgpu", model, lengths);
  const step = await TrainStep.record(model, lengths);
  return {
    run: (segment) => step.run(segment, RATES),
    losses: () => step.losses(),
    [Symbol.dispose]: () => step[Symbol.dispose](),
  };
}

/** Adapter, driver and versions, for people. */
function detailOf({ info }: Device): string {
  const { adapter, driver, deno } = environmentOfAdapter(info.adapter);
  const parts = [adapter, driver, info.implementation ?? "", `Deno ${deno}`];
  return parts.filter((part) => part !== "").join(", ");
}
