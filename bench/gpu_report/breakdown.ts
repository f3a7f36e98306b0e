/**
 * Time of a step by op, and by distinct matrix product.
 *
 * @module
 */
import type { Cost } from "@transformer-xl/runtime";
import { totalCost } from "@transformer-xl/runtime";
import type { ProfiledRun } from "./launch_log.ts";
import { flopsOf, planText, productsOf, productText } from "./product.ts";

/** Time and work under one name. */
export interface Part {
  /** Op, or product. */
  readonly name: string;
  /** Launches of one step. */
  readonly launches: number;
  /** Milliseconds of all launches. */
  readonly elapsedMs: number;
  /** Of the sum of all launches of the step, 0 to 1. */
  readonly share: number;
  /** Floating-point operations. */
  readonly flops: number;
  /** Bytes an ideal implementation moves; 0 for products. */
  readonly bytes: number;
}

/** Launches that belong to no op: gradients summed up, memory cleared. */
const NO_OP = "outside of ops";

/** Time and work by op, slowest first. Shares add up to 1. */
export function opsOf(runs: readonly ProfiledRun[]): Part[] {
  const parts = new Parts(runs);
  for (const { recording, scalars, elapsedMs } of runs) {
    const rest = new Set(elapsedMs.keys());
    for (const node of recording.nodes) {
      const [from, to] = node.commands;
      for (let i = from; i < to; i++) rest.delete(i);
      parts.add(node.name, elapsedMs.slice(from, to), totalCost([node], scalars));
    }
    parts.add(NO_OP, [...rest].map((i) => elapsedMs[i]!), { flops: 0, bytes: 0 });
  }
  return parts.sorted();
}

/** Time and work of every distinct matrix product with its tile plan, slowest first. */
export function productPartsOf(runs: readonly ProfiledRun[]): Part[] {
  const parts = new Parts(runs);
  for (const { recording, scalars, elapsedMs } of runs) {
    for (const product of productsOf(recording, scalars)) {
      const { plan, commands, dtypes: { operands, result } } = product;
      const dtype = operands === result ? operands : `${operands} to ${result}`;
      const name = `${productText(product)} ${dtype}; ${planText(plan)}`;
      parts.add(name, elapsedMs.slice(...commands), { flops: flopsOf(product), bytes: 0 });
    }
  }
  return parts.sorted();
}

/** Adds up by name. */
class Parts {
  readonly #totalMs: number;
  readonly #byName = new Map<string, Omit<Part, "name" | "share">>();

  constructor(runs: readonly ProfiledRun[]) {
    this.#totalMs = sum(runs.flatMap(({ elapsedMs }) => elapsedMs));
  }

  add(name: string, elapsedMs: readonly number[], { flops, bytes }: Cost): void {
    if (elapsedMs.length === 0) return;
    const before = this.#byName.get(name) ?? { launches: 0, elapsedMs: 0, flops: 0, bytes: 0 };
    this.#byName.set(name, {
      launches: before.launches + elapsedMs.length,
      elapsedMs: before.elapsedMs + sum(elapsedMs),
      flops: before.flops + flops,
      bytes: before.bytes + bytes,
    });
  }

  sorted(): Part[] {
    return [...this.#byName]
      .map(([name, part]) => ({ name, ...part, share: part.elapsedMs / this.#totalMs }))
      .sort((a, b) => b.elapsedMs - a.elapsedMs);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
