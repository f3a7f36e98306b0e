/**
 * Largest resident memory of this process since a moment: what one input takes, even where it is
 * given back at once.
 *
 * @module
 */

const RESET_PEAK = "5";

/** Watches from its construction on; where the system keeps no peak, the end counts alone. */
export class PeakMemory {
  readonly #startBytes: number;
  readonly #keepsPeak: boolean;

  constructor() {
    this.#keepsPeak = resetPeak();
    this.#startBytes = Deno.memoryUsage().rss;
  }

  /** By how much the memory grew at most. */
  get grownBytes(): number {
    const { rss } = Deno.memoryUsage();
    return Math.max(rss, this.#keepsPeak ? readPeak() : 0) - this.#startBytes;
  }
}

function resetPeak(): boolean {
  try {
    Deno.writeTextFileSync("/proc/self/clear_refs", RESET_PEAK, { create: false });
    return readPeak() > 0;
  } catch {
    return false; // not Linux, or without this permission
  }
}

function readPeak(): number {
  const [, kilobytes = "0"] = /^VmHWM:\s*(\d+) kB$/m.exec(
    Deno.readTextFileSync("/proc/self/status"),
  ) ?? [];
  return 1024 * Number(kilobytes);
}
