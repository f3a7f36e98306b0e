/**
 * A check for infinities and NaN on the device: one launch per buffer, only its verdict is read.
 *
 * @module
 */
import {
  bytesPer,
  type Device,
  type Plan,
  type Storage,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { OUT_OF_RANGE } from "./kernels.ts";
import { flat } from "../optimizer/flat/flat.ts";

/** Lanes of a launch; few enough that reading their verdicts costs nothing. */
const MAX_GROUPS = 64;
const PER_LANE = 16;

/** Weights from 2 to this power on are of no use: their squares overflow float32. */
export const WEIGHT_LIMIT = 63;

/** Exponent of infinity in float32. */
const INFINITE = 128;

/** Buffers to check. */
export interface FiniteParts {
  /** What they hold, for messages. */
  readonly name: string;
  /** Their memory. */
  readonly storages: readonly Storage[];
  /** Magnitudes from 2 to this power on count as not finite; infinity alone without. */
  readonly limit?: number;
}

/** A recorded check of buffers that outlive it. The caller owns it. */
export class FiniteCheck implements Disposable {
  readonly #plan: Plan<Record<string, never>, { found: Tensor }>;
  /** Lanes up to the end of each part. */
  readonly #ends: readonly (readonly [name: string, end: number])[];

  private constructor(
    plan: Plan<Record<string, never>, { found: Tensor }>,
    ends: readonly (readonly [string, number])[],
  ) {
    this.#plan = plan;
    this.#ends = ends;
  }

  /**
   * Records the check.
   *
   * @throws {DeviceError} when memory is short
   */
  static async record(device: Device, parts: readonly FiniteParts[]): Promise<FiniteCheck> {
    const ends: [string, number][] = [];
    const plan = await device.plan("finite", (rec) => {
      const launches: { x: Tensor; first: number; groups: number; limit: number }[] = [];
      let first = 0;
      for (const { name, storages, limit = INFINITE } of parts) {
        for (const storage of storages) {
          const x = flat(storage);
          const groups = Math.min(MAX_GROUPS, Math.ceil(x.size / (64 * PER_LANE)));
          launches.push({ x, first, groups, limit });
          first += 64 * groups;
        }
        ends.push([name, first]);
      }
      const found = rec.temporary([first], "u32", "found");
      for (const { x, first, groups, limit } of launches) {
        const cost = { flops: 0, bytes: bytesPer(x.dtype) * x.size };
        rec.node("out_of_range", { cost }, () => {
          rec.launch({
            kernel: OUT_OF_RANGE,
            operands: { x, found },
            scalars: { count: x.size, first, lanes: 64 * groups, limit },
            workgroups: [groups],
          });
        });
      }
      return { inputs: {}, outputs: { found } };
    });
    return new FiniteCheck(plan, ends);
  }

  /** The name of the first part with a non-finite number; waits for the device. */
  async failing(): Promise<string | undefined> {
    this.#plan.run({});
    const { found } = await this.#plan.read("found");
    const lane = found.indexOf(1);
    return lane < 0 ? undefined : this.#ends.find(([, end]) => lane < end)![0];
  }

  /** Frees the recording. */
  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
  }
}
