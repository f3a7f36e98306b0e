/**
 * Numbers that all processes of a run share: weights at the start, losses at log lines.
 *
 * @module
 */
import type { Device, ParamStore, ProcessGroup } from "@transformer-xl/runtime";
import type { StepMetrics } from "../metric_rings.ts";

const PIECE_LENGTH = 2 * 2 ** 20;

/**
 * Gives every process the weights of the first.
 *
 * @throws {GroupError} when another process is gone
 */
export async function broadcastWeights(
  device: Device,
  group: ProcessGroup,
  store: ParamStore,
): Promise<void> {
  if (group.size === 1) return;
  for (const { masters, weights, length: end } of store.segments) {
    for (let offset = 0; offset < end; offset += PIECE_LENGTH) {
      const length = Math.min(PIECE_LENGTH, end - offset);
      const [own] = await device.read([{ storage: masters, offset, length }]);
      const bytes = await group.broadcast(new Uint8Array(new Float32Array(own!).buffer));
      const values = new Float32Array(bytes.buffer, bytes.byteOffset, length);
      device.write(masters, offset, values);
      if (weights !== masters) device.write(weights, offset, values);
    }
  }
}

/**
 * The metrics of a process with the losses averaged over all of them. Norms, scales and whether an
 * update was made are the same everywhere.
 *
 * @throws {GroupError} when another process is gone
 */
export async function meanLosses(
  group: ProcessGroup,
  own: readonly StepMetrics[],
): Promise<StepMetrics[]> {
  if (group.size === 1) return [...own];
  const losses = await group.allReduceMean(Float32Array.from(own, ({ lossNats }) => lossNats));
  return own.map((metrics, i) => ({ ...metrics, lossNats: losses[i]! }));
}
