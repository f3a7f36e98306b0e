/**
 * Metrics of recent steps, kept on the device until a log line is due, so that the host does not
 * wait inside a step.
 *
 * @module
 */
import { type Device, type HostArray, rangeOf, type Tensor } from "@transformer-xl/runtime";

/** Metrics of one step. */
export interface StepMetrics {
  /** Mean loss of the step in nats per token. */
  readonly lossNats: number;
  /** Global gradient norm before clipping, without the loss scale. */
  readonly gradientNorm: number;
  /** False if a gradient was not finite and the update was skipped. */
  readonly applied: boolean;
  /** Loss scale of the step after this one; 1 in full precision. */
  readonly lossScale: number;
}

/** One ring per number; a step writes its slot. */
export class MetricRings implements Disposable {
  /** Losses. */
  readonly losses: Tensor & Disposable;
  /** Gradient norms. */
  readonly norms: Tensor & Disposable;
  /** 1 where the update was made. */
  readonly applied: Tensor & Disposable;
  /** Loss scales after the step. */
  readonly scales: Tensor & Disposable;
  readonly #device: Device;

  /** @param size steps that are kept */
  constructor(device: Device, size: number) {
    this.#device = device;
    this.losses = device.state("losses", [size]);
    this.norms = device.state("gradient norms", [size]);
    this.applied = device.state("applied", [size]);
    this.scales = device.state("loss scales", [size]);
  }

  /** The numbers of `count` consecutive slots, the last before `end`; waits for the device. */
  async read(end: number, count: number): Promise<StepMetrics[]> {
    const rings = [this.losses, this.norms, this.applied, this.scales].map(rangeOf);
    const [losses, norms, applied, scales] = await this.#device.read(rings) as [
      HostArray,
      HostArray,
      HostArray,
      HostArray,
    ];
    return Array.from({ length: count }, (_, i) => {
      const slot = (end - count + i) % this.losses.size;
      return {
        lossNats: losses[slot]!,
        gradientNorm: norms[slot]!,
        applied: applied[slot]! !== 0,
        lossScale: scales[slot]!,
      };
    });
  }

  /** Frees the rings. */
  [Symbol.dispose](): void {
    for (const ring of [this.losses, this.norms, this.applied, this.scales]) ring[Symbol.dispose]();
  }
}
