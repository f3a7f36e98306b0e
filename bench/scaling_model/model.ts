/**
 * A model of the training step of several processes: what of the gradients' exchange the backward
 * pass hides, and what it cannot.
 *
 * Three things work side by side, each on one thing at a time: the device on the parts of the plan,
 * the host on copies, the ring on buckets.
 *
 * @module
 */

/** A piece of the gradients. */
export interface ModelBucket {
  /** Its size on the wire and in the memory of the host. */
  readonly bytes: number;
  /** Part of the computing that is done when it is final; 0 to 1. */
  readonly finalAt: number;
}

/** A step of one process, and what connects it with the others. Rates are 1e9 bytes per second. */
export interface ScalingInput {
  /** Forward and backward of one process. */
  readonly computeMs: number;
  /** Clipping and optimizer, after the last gradient has arrived. */
  readonly updateMs: number;
  /** In the order in which they are exchanged; `finalAt` ascends. */
  readonly buckets: readonly ModelBucket[];
  /** From device to host. */
  readonly readbackGbS: number;
  /** From host to device. */
  readonly uploadGbS: number;
  /** Sent by one process while it receives as much and adds it up. */
  readonly linkGbS: number;
  /** From calling to having, for a message without content between neighbours. */
  readonly hopMs: number;
  /** Buckets on their way at one time. */
  readonly maxInFlight: number;
}

/** What a step comes to. */
export interface ScalingStep {
  /** From begin to end. */
  readonly stepMs: number;
  /** What remains without computing and update. */
  readonly exposedMs: number;
}

/**
 * Plays one step of `ranks` processes. Device and ring never wait for each other; the host reads a
 * bucket as soon as it is final, then writes back what the ring has finished. A bucket takes the
 * ring 2 (W - 1) hops, each with 1 / W of its bytes.
 *
 * @example
 * ```ts
 * import { modelStep } from "@transformer-xl/bench";
 * import { assertEquals } from "@std/assert";
 *
 * const step = modelStep({
 *   computeMs: 100,
 *   updateMs: 10,
 *   buckets: [{ bytes: 8e6, finalAt: 1 }],
 *   readbackGbS: 4,
 *   uploadGbS: 2,
 *   linkGbS: 1,
 *   hopMs: 0.5,
 *   maxInFlight: 16,
 * }, 2);
 * assertEquals(step, { stepMs: 125, exposedMs: 15 }); // 2 of reading, 8 + 1 of ring, 4 of writing
 * ```
 */
export function modelStep(input: ScalingInput, ranks: number): ScalingStep {
  const { computeMs, updateMs, buckets, maxInFlight } = input;
  if (ranks === 1) return { stepMs: computeMs + updateMs, exposedMs: 0 };
  const inFlight: { readonly bytes: number; readonly arrivesMs: number }[] = [];
  let hostMs = 0; // when the host is free
  let ringMs = 0; // when the ring is free
  const writeBack = () => {
    const { bytes, arrivesMs } = inFlight.shift()!;
    hostMs = Math.max(hostMs, arrivesMs) + transferMs(bytes, input.uploadGbS);
  };
  for (const { bytes, finalAt } of buckets) {
    hostMs = Math.max(hostMs, finalAt * computeMs) + transferMs(bytes, input.readbackGbS);
    ringMs = Math.max(ringMs, hostMs) + ringTimeMs(input, bytes, ranks);
    inFlight.push({ bytes, arrivesMs: ringMs });
    while (inFlight.length > 0 && inFlight[0]!.arrivesMs <= hostMs) writeBack();
    if (inFlight.length > maxInFlight) writeBack();
  }
  while (inFlight.length > 0) writeBack();
  const exposedMs = Math.max(0, hostMs - computeMs);
  return { stepMs: computeMs + exposedMs + updateMs, exposedMs };
}

function ringTimeMs({ linkGbS, hopMs }: ScalingInput, bytes: number, ranks: number): number {
  const hops = 2 * (ranks - 1);
  return hops * (transferMs(bytes / ranks, linkGbS) + hopMs);
}

function transferMs(bytes: number, gigabytesPerSecond: number): number {
  return bytes / gigabytesPerSecond / 1e6;
}
