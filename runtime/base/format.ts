/**
 * Human-readable byte counts and durations.
 *
 * @module
 */

/**
 * Bytes in the largest binary unit that they fill, from KiB on.
 *
 * @example
 * ```ts
 * import { formatBytes } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([512, 1.5 * 2 ** 20, 23.5 * 2 ** 30].map(formatBytes), [
 *   "0.5 KiB",
 *   "1.5 MiB",
 *   "23.5 GiB",
 * ]);
 * ```
 */
export function formatBytes(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 30
    ? ["GiB", 2 ** 30] as const
    : bytes >= 2 ** 20
    ? ["MiB", 2 ** 20] as const
    : ["KiB", 2 ** 10] as const;
  return `${(bytes / size).toFixed(1)} ${unit}`;
}

/**
 * Seconds of a duration, with one decimal below ten.
 *
 * @example
 * ```ts
 * import { formatSeconds } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([1234, 61_500].map(formatSeconds), ["1.2 s", "62 s"]);
 * ```
 */
export function formatSeconds(elapsedMs: number): string {
  const seconds = elapsedMs / 1000;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/**
 * Hours, minutes and seconds of a duration.
 *
 * @example
 * ```ts
 * import { formatClock } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatClock(3_723_000), "1:02:03");
 * ```
 */
export function formatClock(elapsedMs: number): string {
  const seconds = Math.round(elapsedMs / 1000);
  const minutes = Math.floor(seconds / 60);
  return [Math.floor(minutes / 60), twoDigits(minutes % 60), twoDigits(seconds % 60)].join(":");
}

/** A number below 100 with two digits. */
export function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
