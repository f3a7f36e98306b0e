/**
 * The running means of gradients that Adam and LAMB keep.
 *
 * @module
 */
import type { Device, ParameterStore, Scalar, Storage } from "@transformer-xl/runtime";

/**
 * First and second moments of every parameter, zero at first: flat buffers beside those of the
 * weights, so `readLogical` and `writeLogical` take them for checkpoints. The caller owns them.
 */
export class Moments implements Disposable {
  /** Mean of the gradients, one buffer per segment. */
  readonly m: readonly Storage[];
  /** Mean of their squares, one buffer per segment. */
  readonly v: readonly Storage[];

  /** @throws {DeviceError} when memory is short */
  constructor(device: Device, store: ParameterStore) {
    this.m = store.likeWeights(device, "first moments");
    this.v = store.likeWeights(device, "second moments");
  }

  /** Frees the buffers. */
  [Symbol.dispose](): void {
    for (const storage of [...this.m, ...this.v]) storage[Symbol.dispose]();
  }
}

/** Numbers of an update, complete. */
export interface MomentRates {
  /** Decay of the first and second moments. */
  readonly betas: readonly [number, number];
  /** Added to the root of the second moment. */
  readonly eps: number;
  /** Weight decay. */
  readonly decay: number;
  /** Learning rate. */
  readonly rate: Scalar;
}
