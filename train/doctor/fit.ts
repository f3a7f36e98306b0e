/**
 * The training runs that fit into a given memory.
 *
 * @module
 */
import { formatBytes } from "@transformer-xl/runtime";
import { USABLE_SHARE } from "../footprint.ts";

/** A run and its memory. */
export interface MemoryNeed {
  /** Name of the preset. */
  readonly name: string;
  /** Bytes of memory on one device. */
  readonly bytes: number;
  /** Reason why the device cannot run it regardless of memory. */
  readonly obstacle?: string;
}

/**
 * One line per run, in the given order: its memory and whether it fits.
 *
 * @param needs the runs
 * @param memoryBytes memory of the device
 * @example
 * ```ts
 * import { fitReport } from "@transformer-xl/train";
 * import { assertEquals } from "@std/assert";
 *
 * const needs = [{ name: "tiny", bytes: 2 ** 20 }, { name: "base", bytes: 12 * 2 ** 30 }];
 * assertEquals(fitReport(needs, 8 * 2 ** 30), [
 *   "tiny  fits         1.0 MiB",
 *   "base  does not fit 12.0 GiB",
 * ]);
 * ```
 */
export function fitReport(needs: readonly MemoryNeed[], memoryBytes: number): readonly string[] {
  const width = Math.max(0, ...needs.map(({ name }) => name.length));
  return needs.map(({ name, bytes, obstacle }) => {
    if (obstacle !== undefined) return `${name.padEnd(width)}  does not fit: ${obstacle}`;
    const verdict = bytes <= USABLE_SHARE * memoryBytes ? "fits        " : "does not fit";
    return `${name.padEnd(width)}  ${verdict} ${formatBytes(bytes)}`;
  });
}
