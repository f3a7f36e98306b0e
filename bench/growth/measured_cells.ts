/**
 * Times of the cells of a table, measured in turns, and their growth against the work that was
 * counted.
 *
 * @module
 */
import type { Speeds } from "@transformer-xl/runtime";
import { spreadOf } from "../benchmark/spread.ts";

/** A cell with its samples. */
export interface MeasuredCell {
  /** The size of the axis. */
  readonly value: number;
  /** Milliseconds per step, one for each round. */
  readonly ms: readonly number[];
  /** Target tokens of a step. */
  readonly tokens: number;
  /** Floating-point operations and bytes of a step. */
  readonly cost: { readonly flops: number; readonly bytes: number };
  /** Kernel launches of a step. */
  readonly launches: number;
  /** Bytes on the device. */
  readonly deviceBytes: number;
}

/** Growth from one cell to the next. */
export interface Growth {
  /** Time over the time of the cell before, by the growth of the work: 1 is proportional. */
  readonly median: number;
  /** Of the round with the least. */
  readonly min: number;
  /** Of the round with the most. */
  readonly max: number;
  /** Whether launches are a small part of the cell before, so that time follows the work. */
  readonly isFull: boolean;
  /** Whether the machine is full and every round is beyond {@link ALLOWED}. */
  readonly isMarked: boolean;
}

/** Growth beyond the work that is not marked. */
export const ALLOWED = 1.15;

/** Time of a launch without work, and what its part of a full machine may be. */
const LAUNCH_MS = 0.04;
const LAUNCH_SHARE = 0.2;

/** Milliseconds that the counted work takes at measured speeds. */
export function idealMs(
  { cost: { flops, bytes } }: Pick<MeasuredCell, "cost">,
  { flopsPerSecond, copyBytesPerSecond }: Speeds,
): number {
  return 1000 * (flops / flopsPerSecond + bytes / copyBytesPerSecond);
}

/** The growth of each cell over the one before it; none for the first. */
export function growthOf(
  cells: readonly MeasuredCell[],
  speeds: Speeds,
): (Growth | undefined)[] {
  return cells.map((cell, n) => {
    const before = cells[n - 1];
    if (before === undefined) return undefined;
    const work = idealMs(cell, speeds) / idealMs(before, speeds);
    const { median, min, max } = spreadOf(cell.ms.map((ms, i) => ms / before.ms[i]! / work));
    const isFull = before.launches * LAUNCH_MS < LAUNCH_SHARE * spreadOf(before.ms).median;
    return { median, min, max, isFull, isMarked: isFull && min > ALLOWED };
  });
}

/** Steps that can be run. */
export interface Runnable {
  /** Runs steps; returns milliseconds per step. */
  run(steps: number): Promise<number>;
}

/**
 * Samples of every cell in turns, every second round in the opposite order, after two steps of each.
 *
 * @returns milliseconds per step, by cell and round
 */
export async function sampleInTurns(
  cells: readonly Runnable[],
  { rounds, sampleMs }: { readonly rounds: number; readonly sampleMs: number },
): Promise<number[][]> {
  const samples: { cell: Runnable; steps: number; ms: number[] }[] = [];
  for (const cell of cells) {
    await cell.run(1);
    samples.push({ cell, steps: Math.max(1, Math.ceil(sampleMs / await cell.run(1))), ms: [] });
  }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? samples : samples.toReversed();
    for (const { cell, steps, ms } of order) ms.push(await cell.run(steps));
  }
  return samples.map(({ ms }) => ms);
}
