/**
 * A profile as Markdown: the ops of a mean step, and the parts of the step they belong to.
 *
 * @module
 */
import type { OpTime } from "@transformer-xl/runtime";
import { type Profile, stepsText } from "./step_profiler.ts";

/** Where and of what a profile was taken. */
export interface ProfileFacts {
  /** Adapter, or the CPU. */
  readonly device: string;
  /** Target tokens of a step on this rank. */
  readonly tokens: number;
  /** Processes that share the batch. */
  readonly ranks: number;
}

/** Sums over the steps of a profile. */
interface Row {
  readonly name: string;
  launches: number;
  elapsedMs: number;
  flops: number;
  bytes: number;
}

/** Sums by op or part, in milliseconds of the device, longest first. */
function rowsBy(ops: readonly OpTime[], nameOf: (op: OpTime) => string): Row[] {
  const rows = new Map<string, Row>();
  for (const op of ops) {
    const name = nameOf(op);
    const row = rows.get(name) ?? { name, launches: 0, elapsedMs: 0, flops: 0, bytes: 0 };
    row.launches += op.commands.length;
    row.elapsedMs += op.elapsedMs;
    row.flops += op.cost.flops;
    row.bytes += op.cost.bytes;
    rows.set(name, row);
  }
  return [...rows.values()].sort((a, b) => b.elapsedMs - a.elapsedMs);
}

/** Milliseconds of the device for a mean step. */
export function meanStepMs({ steps }: Profile): number {
  const elapsedMs = steps.flatMap(({ plans }) => plans.flatMap(({ ops }) => ops))
    .reduce((sum, op) => sum + op.elapsedMs, 0);
  return elapsedMs / steps.length;
}

/** The tables, a line each. */
export function profileTable(profile: Profile, { device, tokens, ranks }: ProfileFacts): string[] {
  const { steps } = profile;
  const ops = steps.flatMap(({ plans }) => plans.flatMap(({ ops }) => ops));
  const parts = steps.flatMap(({ plans }) =>
    plans.flatMap(({ label, ops }) =>
      ops.map((op) => ({ ...op, scope: [label, ...op.scope.slice(0, 2)] }))
    )
  );
  const totalMs = meanStepMs(profile);
  return [
    `# Profile of ${stepsText(profile)}`,
    "",
    `Device: ${device}. A step has ${tokens} target tokens${
      ranks === 1 ? "" : `; it is that of process 0 of ${ranks}, without the exchange of gradients`
    }.`,
    "Times are of the device, for a mean step, with a timestamp around every launch: launches do not",
    "overlap, so the sum is longer than a step without a profile.",
    ...dataLines(profile),
    "",
    "## Ops",
    "",
    ...table("Op", rowsBy(ops, ({ op }) => op), steps.length, totalMs),
    "",
    "## Parts of the step",
    "",
    ...table("Part", rowsBy(parts, ({ scope }) => scope.join(" / ")), steps.length, totalMs),
    "",
  ];
}

/** The wait of the steps for their data. */
function dataLines({ data }: Profile): string[] {
  if (data === undefined || data.steps === 0) return [];
  const { steps, waitMs, longestWaitMs, readyMs } = data;
  return [
    "",
    `Wait for data: ${ms(waitMs / steps)} ms per step, at most ${ms(longestWaitMs)}. It took ` +
    `${ms(readyMs / steps)} ms to prepare.`,
    `This is the mean of ${steps} steps after the first one of the run.`,
  ];
}

function ms(value: number): string {
  return value.toFixed(3);
}

function table(title: string, rows: readonly Row[], steps: number, totalMs: number): string[] {
  const total = rows.reduce((sum, { launches, flops, bytes }) => ({
    launches: sum.launches + launches,
    flops: sum.flops + flops,
    bytes: sum.bytes + bytes,
  }), { launches: 0, flops: 0, bytes: 0 });
  return [
    `| ${title} | Launches | ms | Share | GFLOP/s | GB/s |`,
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...[...rows, { ...total, name: "total", elapsedMs: totalMs * steps }].map((row) =>
      `| ${
        [
          row.name,
          (row.launches / steps).toFixed(Number.isInteger(row.launches / steps) ? 0 : 1),
          (row.elapsedMs / steps).toFixed(3),
          `${totalMs === 0 ? "0.0" : (100 * row.elapsedMs / steps / totalMs).toFixed(1)} %`,
          rate(row.flops, row.elapsedMs),
          rate(row.bytes, row.elapsedMs),
        ].join(" | ")
      } |`
    ),
  ];
}

/** Work in units of 10^9 per second; `-` for ops without any, or nearly so. */
function rate(work: number, elapsedMs: number): string {
  const perSecond = work / elapsedMs / 1e6;
  if (!Number.isFinite(perSecond) || perSecond < MIN_RATE) return "-";
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(3);
}

/** Smallest rate that is shown. */
const MIN_RATE = 0.01;
