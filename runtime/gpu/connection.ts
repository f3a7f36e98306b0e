/**
 * WebGPU devices and the objects tied to them. A device closed without an error is kept and reused
 * for the same adapter, because its memory is only released by the garbage collector, which does
 * not see its size.
 *
 * @module
 */
import { checkDriver, countLoopIterations } from "./self_test/self_test.ts";
import { type AdapterChoice, requestDevice } from "./adapter.ts";
import { PipelineCache, requiredDirectives } from "./pipeline_cache.ts";
import { Readback } from "./readback.ts";

/** The user of a device, which receives its late errors. */
export interface ConnectionOwner {
  /** An error that no scope caught. */
  failed(error: GPUError): void;
  /** The device was lost, not destroyed. */
  lost(message: string): void;
}

/** A WebGPU device that passed its self-tests. */
export interface Connection {
  /** The device. */
  readonly gpu: GPUDevice;
  /** Its way to read memory. */
  readonly readback: Readback;
  /** Its compiled pipelines. */
  readonly pipelines: PipelineCache;
  /** Who uses it. */
  owner: ConnectionOwner | undefined;
}

/** At most one unused device per source of adapters. */
const idle = new WeakMap<GPU, { readonly key: string; readonly connection: Connection }>();

/**
 * A device on the adapter of `choice`: the one that was closed last, or a new one.
 *
 * @throws {DeviceError} when the adapter refuses, or fails its self-tests
 */
export async function connect(choice: AdapterChoice): Promise<Connection> {
  const kept = idle.get(choice.gpu);
  if (kept?.key === keyOf(choice)) {
    idle.delete(choice.gpu);
    if (await kept.connection.readback.readsBack()) return kept.connection;
    destroy(kept.connection);
  }
  const gpu = await requestDevice(choice);
  try {
    const readback = await Readback.open(gpu);
    if (choice.software) checkDriver(choice.name, await countLoopIterations(gpu, readback));
    const connection: Connection = {
      gpu,
      readback,
      pipelines: new PipelineCache(gpu, await requiredDirectives(gpu)),
      owner: undefined,
    };
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      connection.owner?.failed((event as GPUUncapturedErrorEvent).error);
    });
    gpu.lost.then(({ reason, message }) => {
      if (reason !== "destroyed") connection.owner?.lost(message);
    });
    return connection;
  } catch (unfit) {
    gpu.destroy();
    throw unfit;
  }
}

/** Keeps a device for {@link connect}; destroys one that failed, and a second one. */
export function disconnect(
  choice: AdapterChoice,
  connection: Connection,
  { failed }: { readonly failed: boolean },
): void {
  connection.owner = undefined;
  if (failed || idle.has(choice.gpu)) destroy(connection);
  else idle.set(choice.gpu, { key: keyOf(choice), connection });
}

function destroy({ gpu, readback }: Connection): void {
  readback[Symbol.dispose]();
  gpu.destroy();
}

function keyOf({ name, features }: AdapterChoice): string {
  return JSON.stringify([name, features]);
}
