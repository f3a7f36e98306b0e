/**
 * Gradient averaging over processes during the backward pass.
 *
 * The plan runs in parts, each up to the command that finishes a bucket. When a part is done, the next
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
  OpTime,
  ParameterStore,
  Plan,
  PlanInputs,
  PlanOutputs,
  ProcessGroup,
  RunValues,
  StorageRange,
} from "@transformer-xl/runtime";
import { type Bucket, bucketsOf } from "./buckets.ts";
import { decodeRequest, encodeRequest, type RunRequest } from "./request.ts";

/** Maximum number of buckets in flight, which limits host memory. */
export const MAX_IN_FLIGHT = 16;

/** The exchange of one recording's gradients. */
export class GradientExchange {
  readonly #device: Device;
  readonly #group: ProcessGroup;
  readonly #plan: Plan<PlanInputs, PlanOutputs>;
  /** Buckets that are final when a part ends, by part. */
  readonly #parts: readonly (readonly Bucket[])[];
  readonly #cuts: readonly number[];
  /** Free bucket memory. */
  readonly #free: ArrayBuffer[] = [];

  /**
   * @param plan the recording that writes the gradients last
   * @param longest elements of a bucket
   */
  constructor(
    device: Device,
    group: ProcessGroup,
    plan: Plan<PlanInputs, PlanOutputs>,
    store: ParameterStore,
    longest?: number,
  ) {
    this.#device = device;
    this.#group = group;
    this.#plan = plan;
    const byCommand = Map.groupBy(
      bucketsOf(plan, store, longest),
      ({ finalCommand }) => finalCommand,
    );
    this.#parts = [...byCommand.values()];
    // The last part runs to the end of the plan.
    this.#cuts = [...byCommand.keys()].slice(0, -1).map((command) => command + 1);
  }

  /**
   * Runs the plan and replaces every gradient by its mean over all processes.
   *
   * @param request request of this rank after this step
   * @returns the combined request, equal on all ranks
   * @throws {GroupError} when another rank has ended
   * @throws {DeviceError} the first error the device reported
   */
  async run(values: RunValues<PlanInputs>, request: RunRequest): Promise<RunRequest> {
    return await this.#average(this.#plan.runInParts(values, this.#cuts), request);
  }

  /**
   * As {@link GradientExchange.run}, with the time of every op; the exchange follows the plan.
   *
   * @throws {DeviceError} when the device has no timestamps
   */
  async profile(
    values: RunValues<PlanInputs>,
    request: RunRequest,
  ): Promise<{ readonly ops: OpTime[]; readonly request: RunRequest }> {
    const ops = await this.#plan.profile(values);
    return { ops, request: await this.#average([].values(), request) };
  }

  /** @param running submits the next part of the plan whenever it is advanced */
  async #average(running: Iterator<unknown>, request: RunRequest): Promise<RunRequest> {
    const inFlight: Promise<void>[] = [];
    let agreed: Promise<RunRequest> = Promise.resolve(request);
    running.next();
    for (const [p, finished] of this.#parts.entries()) {
      // A read waits for all submitted work. Before the next part is submitted, everything is read;
      // after the last part, bucket by bucket, so that communication starts at once.
      const isLast = p === this.#parts.length - 1;
      for (const buckets of isLast ? finished.map((bucket) => [bucket]) : [finished]) {
        const sent = buckets.map(({ length }) => this.#memory(length + 1));
        await this.#device.readInto(
          buckets.flatMap(({ ranges }) => ranges),
          buckets.flatMap(({ ranges }, i) => partsOf(sent[i]!, ranges)),
          () => running.next(),
        );
        for (const [i, { ranges, length }] of buckets.entries()) {
          sent[i]![length] = encodeRequest(request); // is sent with the gradients
          const mean = this.#group.allReduceMean(sent[i]!);
          // The last bucket counts.
          agreed = mean.then((values) => decodeRequest(values[length]!, this.#group.size));
          const done = mean.then((values) => this.#writeBack(ranges, values));
          for (const promise of [agreed, done]) promise.catch(() => {}); // awaited below
          inFlight.push(done);
        }
        while (inFlight.length > MAX_IN_FLIGHT) await inFlight.shift();
      }
    }
    await Promise.all(inFlight);
    return await agreed;
  }

  /** Reused or new bucket memory; its content is undefined. */
  #memory(length: number): Float32Array<ArrayBuffer> {
    const free = this.#free.findIndex((buffer) => buffer.byteLength >= 4 * length);
    const [buffer] = free < 0 ? [new ArrayBuffer(4 * length)] : this.#free.splice(free, 1);
    return new Float32Array(buffer!, 0, length);
  }

  #writeBack(ranges: readonly StorageRange[], values: Float32Array<ArrayBuffer>): void {
    const parts = partsOf(values, ranges);
    ranges.forEach(({ storage, offset }, i) => this.#device.write(storage, offset, parts[i]!));
    this.#free.push(values.buffer); // what was written is copied
  }
}

/** The part of the bucket's memory for each range. */
function partsOf(
  memory: Float32Array<ArrayBuffer>,
  ranges: readonly StorageRange[],
): Float32Array<ArrayBuffer>[] {
  let end = 0;
  return ranges.map(({ length }) => memory.subarray(end, end += length));
}
