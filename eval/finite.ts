/**
 * Rejection of non-finite weights and losses.
 *
 * @module
 */
import { FiniteCheck, WEIGHT_LIMIT } from "@transformer-xl/kernels";
import {
  CheckpointError,
  type Device,
  DeviceError,
  type ParameterStore,
} from "@transformer-xl/runtime";

/**
 * Checks loaded weights, on the device.
 *
 * @param path of the checkpoint, for the message
 * @throws {CheckpointError} when one of them is infinite, not a number, or so large that its square
 * is infinite
 */
export async function assertFiniteWeights(
  device: Device,
  store: ParameterStore,
  path: string,
): Promise<void> {
  const storages = store.buffers.map(({ weights }) => weights);
  using check = await FiniteCheck.record(device, [
    { name: "weights", storages, limit: WEIGHT_LIMIT },
  ]);
  if (await check.failing() === undefined) return;
  throw new CheckpointError(
    `Cannot evaluate "${path}": its weights are not finite, or too large to compute with`,
    { need: "another checkpoint" },
  );
}

/**
 * Checks the loss of a text.
 *
 * @param text name of the scored text, for the message
 * @param path of the checkpoint, for the message
 * @throws {DeviceError} when it is not finite
 */
export function assertFiniteLoss(lossNats: number, text: string, path: string): void {
  if (Number.isFinite(lossNats)) return;
  throw new DeviceError(
    "not-finite",
    `Cannot evaluate "${path}": the loss of the ${text} text is ${lossNats}`,
    { need: "another checkpoint" },
  );
}
