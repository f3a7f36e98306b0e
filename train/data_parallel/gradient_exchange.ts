/**
 * Averages gradients over processes while the backward pass runs.
 *
 * The plan runs in parts, each up to the step that finishes a bucket. When a part is done, the next
 * is submitted, and only then are the finished bytes copied to the host and handed to the group,
 * whose own thread moves them while the device works on:
 *
 *     device   part 0 | part 1          | part 2          |
 *     host            | copy 0          | copy 1          | copy 2 |        write back
 *     network         |       bucket 0  |        bucket 1 |        bucket 2 |
 *
 * @module
 */
import type {
  Device,
  HostArray,
  ParamStore,
  Plan,
  PlanInputs,
  PlanOutputs,
  ProcessGroup,
  RunValues,
} from "@transformer-xl/runtime";
import { type Bucket, bucketsOf } from "./buckets.ts";

/** Buckets on their way at one time: bounds the memory of the host. */
const MOST_UNDER_WAY = 16;

/** The exchange of one recording's gradients. */
export class GradientExchange {
  readonly #device: Device;
  readonly #group: ProcessGroup;
  readonly #plan: Plan<PlanInputs, PlanOutputs>;
  /** Buckets that are final when a part ends, by part. */
  readonly #parts: readonly (readonly Bucket[])[];
  readonly #cuts: readonly number[];

  /**
   * @param plan the recording that writes the gradients last
   * @param longest elements of a bucket
   */
  constructor(
    device: Device,
    group: ProcessGroup,
    plan: Plan<PlanInputs, PlanOutputs>,
    store: ParamStore,
    longest?: number,
  ) {
    this.#device = device;
    this.#group = group;
    this.#plan = plan;
    const byStep = Map.groupBy(bucketsOf(plan, store, longest), ({ finalStep }) => finalStep);
    this.#parts = [...byStep.values()];
    // The last part runs to the end of the plan, whatever stands behind the last gradient.
    this.#cuts = [...byStep.keys()].slice(0, -1).map((step) => step + 1);
  }

  /** Buckets of one exchange. */
  get bucketCount(): number {
    return this.#parts.reduce((sum, buckets) => sum + buckets.length, 0);
  }

  /**
   * Runs the plan and replaces every gradient by its mean over all processes.
   *
   * @param stops whether this process wants to stop after this step
   * @returns whether any process wants to: the same answer everywhere
   * @throws {GroupError} when another process is gone
   * @throws {DeviceError} the first error the device reported
   */
  async run(values: RunValues<PlanInputs>, stops: boolean): Promise<boolean> {
    const running = this.#plan.runInParts(values, this.#cuts);
    const underWay: Promise<void>[] = [];
    let stopping: Promise<boolean> = Promise.resolve(stops);
    running.next();
    for (const [p, finished] of this.#parts.entries()) {
      // Reading waits for all that was submitted: before the next part is, everything is read;
      // after the last one, bucket by bucket, so that the network begins at once.
      const isLast = p === this.#parts.length - 1;
      for (const buckets of isLast ? finished.map((bucket) => [bucket]) : [finished]) {
        const ranges = buckets.flatMap((bucket) => bucket.ranges);
        const arrays = await this.#device.read(ranges, () => running.next());
        let taken = 0;
        for (const bucket of buckets) {
          const own = arrays.slice(taken, taken += bucket.ranges.length);
          const carriesStop = isLast && bucket === finished.at(-1);
          const sent = packed(own, bucket.length + (carriesStop ? 1 : 0));
          if (carriesStop) sent[bucket.length] = stops ? 1 : 0; // travels with the gradients
          const mean = this.#group.allReduceMean(sent);
          if (carriesStop) stopping = mean.then((values) => values[bucket.length]! > 0);
          const done = mean.then((values) => this.#writeBack(bucket, values));
          for (const promise of [stopping, done]) promise.catch(() => {}); // awaited further down
          underWay.push(done);
        }
        while (underWay.length > MOST_UNDER_WAY) await underWay.shift();
      }
    }
    await Promise.all(underWay);
    return await stopping;
  }

  #writeBack({ ranges }: Bucket, values: Float32Array<ArrayBuffer>): void {
    let at = 0;
    for (const { storage, offset, length } of ranges) {
      this.#device.write(storage, offset, values.subarray(at, at + length));
      at += length;
    }
  }
}

/** Arrays behind each other in float32, with room up to `length`. */
function packed(arrays: readonly HostArray[], length: number): Float32Array<ArrayBuffer> {
  const [only] = arrays;
  if (arrays.length === 1 && only instanceof Float32Array && only.length === length) return only;
  const whole = new Float32Array(length);
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}
