/**
 * A profile in Chrome's trace event format, which `chrome://tracing` and Perfetto read: steps, plans,
 * scopes, ops and launches as nested slices.
 *
 * @module
 */
import type { OpTime } from "@transformer-xl/runtime";
import { type Profile, stepsText } from "./step_profiler.ts";

/** A slice of the trace; times are in microseconds. */
export interface TraceSlice {
  /** Name of the slice. */
  readonly name: string;
  /** Kind of slice: `step`, `plan`, `scope`, `op` or `launch`. */
  readonly cat: string;
  /** A complete slice. */
  readonly ph: "X";
  /** Start. */
  readonly ts: number;
  /** Duration. */
  readonly dur: number;
  /** Process in the page. */
  readonly pid: number;
  /** Thread in the page. */
  readonly tid: number;
  /** Facts shown for the slice. */
  readonly args?: Readonly<Record<string, number>>;
}

const PLACE = { ph: "X", pid: 1, tid: 1 } as const;

/** Slices in the order of their starts; time is counted in whole nanoseconds, so they nest exactly. */
class Slices {
  readonly slices: TraceSlice[] = [];
  #nowNs = 0;

  /** Adds a slice around what `body` adds. */
  around(name: string, cat: string, body: () => void, args?: TraceSlice["args"]): void {
    const index = this.slices.length;
    const fromNs = this.#nowNs;
    const slice = { name, cat, ...PLACE, ts: fromNs / 1000, dur: 0, ...(args && { args }) };
    this.slices.push(slice);
    body();
    this.slices[index] = { ...slice, dur: (this.#nowNs - fromNs) / 1000 };
  }

  /** Lets time pass. */
  advance(elapsedMs: number): void {
    this.#nowNs += Math.round(elapsedMs * 1e6);
  }

  /** Adds ops, with a slice around neighbours that share a scope. */
  ops(ops: readonly OpTime[], depth: number): void {
    for (let i = 0; i < ops.length;) {
      const name = ops[i]!.scope[depth];
      const start = i;
      while (i < ops.length && ops[i]!.scope[depth] === name) i++;
      const run = ops.slice(start, i);
      if (name === undefined) run.forEach((op) => this.#op(op));
      else this.around(name, "scope", () => this.ops(run, depth + 1));
    }
  }

  #op({ op, cost: { flops, bytes }, commands }: OpTime): void {
    this.around(op, "op", () => {
      for (const { label, elapsedMs } of commands) {
        this.around(label.split("/").at(-1)!, "launch", () => this.advance(elapsedMs));
      }
    }, { flops, bytes });
  }
}

/** The slices of a profile: launches follow each other without the gaps between them. */
export function traceSlices({ firstStep, steps }: Profile): TraceSlice[] {
  const slices = new Slices();
  for (const [i, { plans }] of steps.entries()) {
    slices.around(`step ${firstStep + i}`, "step", () => {
      for (const { label, ops } of plans) {
        slices.around(label, "plan", () => slices.ops(ops, 0));
      }
    });
  }
  return slices.slices;
}

/** The file, an event per line. */
export function traceText(profile: Profile, device: string): string {
  const named = (name: string, value: string) => ({
    name,
    ph: "M",
    pid: PLACE.pid,
    tid: PLACE.tid,
    args: { name: value },
  });
  const events = [
    named("process_name", device),
    named("thread_name", stepsText(profile)),
    ...traceSlices(profile),
  ];
  return `{"displayTimeUnit":"ms","traceEvents":[\n${
    events.map((event) => JSON.stringify(event)).join(",\n")
  }\n]}\n`;
}
