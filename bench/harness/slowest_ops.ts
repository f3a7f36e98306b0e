/**
 * The slowest ops of a profile.
 *
 * @module
 */
import type { OpTime } from "@transformer-xl/runtime";
import { digits } from "./results.ts";

const SLOWEST = 10;

/**
 * The ops that take longest, summed over calls of the same name. Times come from timestamps around
 * every launch, so launches do not overlap and the sum is longer than a plain run.
 */
export function slowestOps(times: readonly Pick<OpTime, "label" | "elapsedMs">[]): string[] {
  const byOp = new Map<string, { elapsedMs: number; calls: number }>();
  for (const { label, elapsedMs } of times) {
    const op = label.split("/").at(-1)!; // without the scopes in front
    const { elapsedMs: before, calls } = byOp.get(op) ?? { elapsedMs: 0, calls: 0 };
    byOp.set(op, { elapsedMs: before + elapsedMs, calls: calls + 1 });
  }
  const totalMs = times.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  const slowest = [...byOp].sort(([, a], [, b]) => b.elapsedMs - a.elapsedMs).slice(0, SLOWEST);
  return [
    `one profiled run, ${digits(totalMs)} ms:`,
    ...slowest.map(([op, { elapsedMs, calls }]) => {
      const part = (100 * elapsedMs / totalMs).toFixed(1).padStart(6);
      return `${part}% ${digits(elapsedMs).padStart(8)} ms  ${calls} x ${op}`;
    }),
  ];
}
