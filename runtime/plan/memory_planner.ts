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
 * Colouring of lifetimes, largest buffer first: a slot is as large as the first buffer in it, and a
 * buffer takes the smallest slot that is free during its lifetime. A slot released by command i is
 * free again from command i + 1.
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
  const sized = [...lifetimes(commands)]
    .filter(([buffer]) => buffers[buffer]!.kind === "temporary")
    .map(([buffer, span]) => {
      const { length, dtype } = buffers[buffer]!;
      return { buffer, span, bytes: Math.max(4, Math.ceil(length * bytesPer(dtype) / 4) * 4) };
    })
    .sort((a, b) => b.bytes - a.bytes || a.span[0] - b.span[0]);
  const slotOf = new Map<number, number>();
  const slotBytes: number[] = [];
  const busy: Int32Array[] = []; // by 32 slots, and by command: a bit for each slot
  for (const { buffer, span: [first, last], bytes } of sized) {
    let slot = -1;
    for (let n = busy.length - 1; n >= 0 && slot < 0; n--) {
      const slots = busy[n]!;
      let taken = n === busy.length - 1 ? -2 << (slotBytes.length - 1) : 0; // those that do not exist
      taken |= slots[last]!; // most are busy at an end
      for (let i = first; i < last && taken !== ALL; i++) taken |= slots[i]!;
      if (taken !== ALL) slot = 32 * n + 31 - Math.clz32(~taken);
    }
    if (slot < 0) {
      slot = slotBytes.push(bytes) - 1;
      if (slot % 32 === 0) busy.push(new Int32Array(commands.length));
    }
    const slots = busy[Math.floor(slot / 32)]!;
    for (let i = first; i <= last; i++) slots[i]! |= 1 << slot;
    slotOf.set(buffer, slot);
  }
  return { slotOf, slotBytes };
}

/** All bits. */
const ALL = -1;
