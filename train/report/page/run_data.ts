/**
 * The data of a page's charts: columns of numbers, a run's series over steps, tokens and time.
 *
 * @module
 */
import type { RunHistory, StepPoint, Validation } from "../history/run_history.ts";

/** A run with the name it has on a page. */
export interface NamedRun {
  /** Name of the run, unique on its page. */
  readonly name: string;
  /** Its course. */
  readonly history: RunHistory;
  /** How it stands if it is not finished; by default `unfinished`, as logs do not say more. */
  readonly unfinished?: Exclude<RunState, "finished">;
}

/** How a run stands. */
export type RunState = "running" | "stopped" | "unfinished" | "finished";

/** How a run stands. */
export function stateOf({ history, unfinished = "unfinished" }: NamedRun): RunState {
  return history.isFinished ? "finished" : unfinished;
}

type Column = readonly (number | null)[];

/** The positions that every series has. */
interface Positions {
  readonly step: Column;
  readonly tokens: Column;
  readonly seconds: Column;
}

/** A run as the script of the page reads it. */
export interface RunData {
  readonly name: string;
  readonly isOfCharacters: boolean;
  readonly steps: Positions & Readonly<Record<"loss" | "norm" | "lr" | "scale" | "speed", Column>>;
  readonly validations: Positions & { readonly loss: Column };
  readonly test: Positions & { readonly loss: Column };
}

/** The columns of a run. Numbers have five digits; those that are not finite are left out. */
export function runData({ name, history }: NamedRun): RunData {
  const { steps, validations, testNats, step, elapsedMs } = history;
  const { tokens = 0 } = steps.at(-1) ?? {};
  const test = testNats === undefined ? [] : [{ step, tokens, elapsedMs, lossNats: testNats }];
  return {
    name,
    isOfCharacters: history.isOfCharacters,
    steps: {
      ...lossColumns(steps),
      norm: steps.map(({ gradientNorm }) => rounded(gradientNorm)),
      lr: steps.map(({ lr }) => rounded(lr)),
      scale: steps.map(({ lossScale }) => rounded(lossScale)),
      speed: steps.map(({ tokensPerSecond }) => rounded(tokensPerSecond)),
    },
    validations: lossColumns(validations),
    test: lossColumns(test),
  };
}

function lossColumns(
  points: readonly (Validation | StepPoint)[],
): Positions & { readonly loss: Column } {
  return {
    step: points.map(({ step }) => step),
    tokens: points.map(({ tokens }) => Math.round(tokens)),
    seconds: points.map(({ elapsedMs }) => Math.round(elapsedMs) / 1000),
    loss: points.map(({ lossNats }) => rounded(lossNats)),
  };
}

function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}
