/**
 * The step model: executed launches, work and predicted time of a training step by group.
 *
 * @module
 */
import { bytesPer } from "@transformer-xl/runtime";
import { type Product, productsOf } from "../gpu_report/product.ts";
import type { DryStep, PlanRun } from "./executed_launches.ts";
import { GROUP_NAMES, groupOf } from "./groups.ts";
import { launchMs } from "./launch_time.ts";
import { type LaunchWork, launchWork } from "./launch_work.ts";
import type { AssumedRates } from "./settings.ts";

/** One executed launch or clear. */
export interface ExecutedLaunch {
  /** Its label with its scopes. */
  readonly label: string;
  /** See {@link GROUP_NAMES}. */
  readonly group: string;
  /** Workgroups; 0 for a clear. */
  readonly workgroups: number;
  /** Floating-point operations of matrix products. */
  readonly flops: number;
  /** Bytes moved. */
  readonly bytes: number;
  /** Predicted milliseconds without the gap to the next launch. */
  readonly elapsedMs: number;
}

/** A group of launches, or all of them. */
export interface GroupWork extends Omit<ExecutedLaunch, "label" | "group" | "workgroups"> {
  /** Name of the group. */
  readonly name: string;
  /** Executed launches and clears. */
  readonly launches: number;
  /** Predicted milliseconds between them. */
  readonly gapMs: number;
}

/** The executed launches and clears of a step in order; recorded ones without workgroups are left out. */
export function executedLaunches({ runs }: DryStep, rates: AssumedRates): ExecutedLaunch[] {
  return runs.flatMap((run) => launchesOf(run, rates));
}

function launchesOf({ recording, scalars }: PlanRun, rates: AssumedRates): ExecutedLaunch[] {
  const products = new Map<number, Product>();
  for (const product of productsOf(recording, scalars)) {
    for (let i = product.commands[0]; i < product.commands[1]; i++) products.set(i, product);
  }
  const ops: string[] = [];
  for (const { name, commands: [from, to] } of recording.nodes) {
    for (let i = from; i < to; i++) ops[i] ??= name;
  }
  return recording.commands.flatMap((command, i) => {
    const { label } = command;
    const work = command.kind === "clear"
      ? clearWork(command.tensor.size * bytesPer(command.tensor.dtype))
      : launchWork(command, scalars, products.get(i));
    if (work === undefined) return [];
    const { workgroups, flops, bytes } = work;
    const group = groupOf({ plan: recording.label, label, op: ops[i] ?? "", work });
    return [{ label, group, workgroups, flops, bytes, elapsedMs: launchMs(work, rates) }];
  });
}

function clearWork(bytes: number): LaunchWork {
  return { kernel: "clear", bytes, flops: 0, integers: 0, loadBytes: 16, turns: 0, workgroups: 0 };
}

/** Launches by group in the order of {@link GROUP_NAMES}; empty groups are left out. */
export function groupedLaunches(
  launches: readonly ExecutedLaunch[],
  rates: Pick<AssumedRates, "gapUs">,
): GroupWork[] {
  return GROUP_NAMES
    .map((name) => sumOf(name, launches.filter(({ group }) => group === name), rates))
    .filter(({ launches }) => launches > 0);
}

/** The sum of launches under a name. */
export function sumOf(
  name: string,
  launches: readonly ExecutedLaunch[],
  { gapUs }: Pick<AssumedRates, "gapUs">,
): GroupWork {
  const sum = (of: (launch: ExecutedLaunch) => number) =>
    launches.reduce((total, launch) => total + of(launch), 0);
  return {
    name,
    launches: launches.length,
    flops: sum(({ flops }) => flops),
    bytes: sum(({ bytes }) => bytes),
    elapsedMs: sum(({ elapsedMs }) => elapsedMs),
    gapMs: launches.length * gapUs / 1000,
  };
}
