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
  const busy: Uint8Array[] = []; // by slot and command
  for (const { buffer, span: [first, last], bytes } of sized) {
    // Most slots are busy at an end of the lifetime, which is tested before a part of them is looked at.
    let slot = busy.findLastIndex((commands) =>
      commands[first] === 0 && commands[last] === 0 &&
      (last - first < 2 || !commands.subarray(first + 1, last).includes(1))
    );
    if (slot < 0) {
      slot = slotBytes.push(bytes) - 1;
      busy.push(new Uint8Array(commands.length));
    }
    busy[slot]!.fill(1, first, last + 1);
    slotOf.set(buffer, slot);
  }
  return { slotOf, slotBytes };
}
