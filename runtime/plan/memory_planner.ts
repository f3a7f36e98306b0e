/**
 * Assignment of temporaries to shared buffers, as a pure function. A slot is a whole buffer, never
 * a range of one, because WebGPU forbids binding a buffer as read-only and writable in the same
 * launch.
 *
 * @module
 */
import { bytesPer } from "../tensor/dtype.ts";
import type { Command, PlanBuffer } from "../record/recorder.ts";

/** Slot of each temporary, and size of each slot. */
export interface Layout {
  /** Slot number by buffer number, for temporaries that are used. */
  readonly slotOf: ReadonlyMap<number, number>;
  /** Bytes of each slot. */
  readonly slotBytes: readonly number[];
}

/** First and last command that touches each buffer. */
export function lifetimes(
  commands: readonly Command[],
): ReadonlyMap<number, readonly [first: number, last: number]> {
  const spans = new Map<number, [number, number]>();
  commands.forEach((command, i) => {
    const tensors = command.kind === "launch" ? Object.values(command.operands) : [command.tensor];
    for (const { range } of tensors) {
      if (range.kind !== "plan") continue;
      const span = spans.get(range.buffer);
      if (span === undefined) spans.set(range.buffer, [i, i]);
      else span[1] = i;
    }
  });
  return spans;
}

/**
 * Best-fit colouring of lifetimes. A slot released by command i is free again from command i + 1.
 *
 * @example
 * ```ts
 * import { planSlots, PORTABLE_LIMITS, Recorder } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const rec = new Recorder(PORTABLE_LIMITS);
 * assertEquals(planSlots(rec.commands, rec.buffers).slotBytes, []);
 * ```
 */
export function planSlots(commands: readonly Command[], buffers: readonly PlanBuffer[]): Layout {
  const spans = [...lifetimes(commands)]
    .filter(([buffer]) => buffers[buffer]!.kind === "temporary")
    .sort(([, a], [, b]) => a[0] - b[0]);
  const slotOf = new Map<number, number>();
  const slotBytes: number[] = [];
  const busyUntil: number[] = [];
  for (const [buffer, [first, last]] of spans) {
    const { length, dtype } = buffers[buffer]!;
    const bytes = Math.max(4, Math.ceil(length * bytesPer(dtype) / 4) * 4);
    const slot = bestFit(slotBytes, busyUntil, first, bytes);
    slotBytes[slot] = Math.max(slotBytes[slot] ?? 0, bytes);
    busyUntil[slot] = last;
    slotOf.set(buffer, slot);
  }
  return { slotOf, slotBytes };
}

/** The smallest free slot that is large enough, else the largest free one, else a new one. */
function bestFit(
  slotBytes: readonly number[],
  busyUntil: readonly number[],
  first: number,
  bytes: number,
): number {
  let fit = -1;
  let largest = -1;
  for (let slot = 0; slot < slotBytes.length; slot++) {
    if (busyUntil[slot]! >= first) continue;
    const size = slotBytes[slot]!;
    if (size >= bytes && (fit < 0 || size < slotBytes[fit]!)) fit = slot;
    if (largest < 0 || size > slotBytes[largest]!) largest = slot;
  }
  return fit >= 0 ? fit : largest >= 0 ? largest : slotBytes.length;
}
