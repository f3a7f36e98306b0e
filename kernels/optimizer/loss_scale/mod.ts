/**
 * Loss scale: the factor of the loss that keeps small gradients representable in float16. It is on
 * the device: the loss reads it, the update divides by it, and an overflowed gradient halves it,
 * all without the host.
 *
 * Constants and rule are those of the reference (Apex's LossScaler).
 *
 * @module
 */
import {
  type Device,
  type HostArray,
  rangeOf,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { FOLLOW } from "./kernels.ts";

/** Scale of the first step. */
export const FIRST_SCALE = 2 ** 16;
/** No scale exceeds it. */
export const LARGEST_SCALE = 2 ** 24;
/** Good updates after which the scale doubles. */
export const SCALE_WINDOW = 2000;

/** A loss scale on the device. The caller owns it. */
export class LossScale implements Disposable {
  /** [3]: scale, good updates since it changed, skipped updates in a row. */
  readonly state: Tensor & Disposable;
  /** True when the scale never changes. */
  readonly fixed: boolean;
  readonly #device: Device;

  /** @param fixed the scale of every step; dynamic from {@link FIRST_SCALE} on when undefined */
  constructor(device: Device, fixed?: number) {
    this.#device = device;
    this.fixed = fixed !== undefined;
    this.state = device.state("loss scale", [3]);
    this.write([fixed ?? FIRST_SCALE, 0, 0]);
  }

  /** The three numbers of {@link LossScale.state}, for checkpoints; waits for the device. */
  async read(): Promise<HostArray> {
    return (await this.#device.read([rangeOf(this.state)]))[0]!;
  }

  /** Restores the result of {@link LossScale.read}. */
  write(numbers: ArrayLike<number>): void {
    this.#device.write(rangeOf(this.state).storage, 0, Float32Array.from(numbers));
  }

  /**
   * Records the rule.
   *
   * @param applied [1]: 0 when the update was skipped
   * @returns [1]: the scale of the next step
   */
  recordFollow(rec: Recorder, applied: Tensor): Tensor {
    const now = rec.temporary([1], "f32", "loss_scale.now");
    rec.node("loss_scale", { cost: { flops: 0, bytes: 0 } }, () =>
      rec.launch({
        kernel: FOLLOW,
        operands: { applied, state: this.state, now },
        scalars: { window: this.fixed ? 0 : SCALE_WINDOW, most: LARGEST_SCALE },
        threads: [1],
      }));
    return now;
  }

  /** Frees the state. */
  [Symbol.dispose](): void {
    this.state[Symbol.dispose]();
  }
}
