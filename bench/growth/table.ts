/**
 * The tables of the growth benchmark.
 *
 * @module
 */
import { formatBytes, type Speeds } from "@transformer-xl/runtime";
import { type Spread, spreadOf } from "../benchmark/spread.ts";
import { rate, textTable } from "../benchmark/text_table.ts";
import { digits } from "../harness/results.ts";
import { growthOf, idealMs, type MeasuredCell } from "./measured_cells.ts";

const TITLES = ["tokens/s", "ms a step", "GFLOP", "GB", "launches", "memory"] as const;
const TIMES = ["of the ideal", "time / work, cell before = 1"] as const;

/** Lines of a table; a cell beyond the work is marked with `SLOWER`. */
export function growthLines(
  name: string,
  cells: readonly MeasuredCell[],
  speeds: Speeds,
): string[] {
  const growths = growthOf(cells, speeds);
  const rows = cells.map((cell, n) => {
    const { value, ms, tokens, cost, launches, deviceBytes } = cell;
    const times = spreadOf(ms);
    const growth = growths[n];
    return [
      value.toLocaleString("en-US"),
      rate(1000 * tokens / times.median),
      rangeText(times),
      digits(cost.flops / 1e9),
      digits(cost.bytes / 1e9),
      String(launches),
      formatBytes(deviceBytes),
      `${(100 * idealMs(cell, speeds) / times.median).toFixed(0)}%`,
      growth === undefined ? "" : rangeText(growth) +
        (growth.isMarked ? " SLOWER" : growth.isFull ? "" : " not full"),
    ];
  });
  return textTable([[name, ...TITLES, ...TIMES], ...rows]);
}

function rangeText({ median, min, max }: Pick<Spread, "median" | "min" | "max">): string {
  return `${digits(median)} (${digits(min)} to ${digits(max)})`;
}
