/**
 * Numbers shared by all ranks: initial weights, and losses and speed of log lines.
 *
 * @module
 */
import { loadWeights, openCheckpoint } from "@transformer-xl/model";
import {
  decideOnFirst,
  type Device,
  gatherNumbers,
  type ParameterStore,
  type ProcessGroup,
} from "@transformer-xl/runtime";
import { BUCKET_LENGTH } from "./buckets.ts";

/**
 * Broadcasts the weights of rank 0.
 *
 * @throws {GroupError} when another rank has ended
 */
export async function broadcastWeights(
  device: Device,
  group: ProcessGroup,
  store: ParameterStore,
): Promise<void> {
  if (group.size === 1) return;
  for (const { masters, weights, length: end } of store.buffers) {
    for (let offset = 0; offset < end; offset += BUCKET_LENGTH) {
      const length = Math.min(BUCKET_LENGTH, end - offset);
      const [own] = await device.read([{ storage: masters, offset, length }]);
      const bytes = await group.broadcast(new Uint8Array(new Float32Array(own!).buffer));
      const values = new Float32Array(bytes.buffer, bytes.byteOffset, length);
      device.write(masters, offset, values);
      if (weights !== masters) device.write(weights, offset, values);
    }
  }
}

/**
 * Loads the weights of a checkpoint, which only rank 0 reads.
 *
 * @throws {CheckpointError} when it cannot be read
 * @throws {GroupError} when another rank has ended
 */
export async function loadSharedWeights(
  device: Device,
  group: ProcessGroup,
  store: ParameterStore,
  path: string,
): Promise<void> {
  await decideOnFirst(group, async () => {
    using checkpoint = await openCheckpoint(path);
    await loadWeights(device, store, checkpoint);
    return null;
  });
  await broadcastWeights(device, group, store);
}

/**
 * The metrics of a rank with losses averaged over all ranks. Norms, scales and applied updates are
 * equal on all ranks.
 *
 * A mean is rounded to float32 once and depends on its step alone, unlike in an all-reduce over
 * several steps.
 *
 * @throws {GroupError} when another rank has ended
 */
export async function meanLosses<Metrics extends { readonly lossNats: number }>(
  group: ProcessGroup,
  own: readonly Metrics[],
): Promise<Metrics[]> {
  if (group.size === 1) return [...own];
  const parts = await gatherNumbers(group, own.map(({ lossNats }) => lossNats));
  return own.map((metrics, i) => {
    const sum = parts.reduce((sum, part) => sum + part[i]!, 0);
    return { ...metrics, lossNats: Math.fround(sum / group.size) };
  });
}

/** Speed of the steps since the last log line. */
export interface Speed {
  /** Mean wall time per step of the slowest process. */
  readonly msPerBatch: number;
  /** Target tokens per second, summed over all processes. */
  readonly tokensPerSecond: number;
}

/**
 * The speed of all processes, the same on each of them.
 *
 * @throws {GroupError} when another rank has ended
 */
export async function sharedSpeed(
  group: ProcessGroup,
  { steps, tokens, elapsedMs }: {
    readonly steps: number;
    readonly tokens: number;
    readonly elapsedMs: number;
  },
): Promise<Speed> {
  const parts = await gatherNumbers(group, [elapsedMs / steps, tokens / elapsedMs * 1000]);
  return {
    msPerBatch: Math.max(...parts.map(([ms]) => ms!)),
    tokensPerSecond: parts.reduce((sum, [, rate]) => sum + rate!, 0),
  };
}
