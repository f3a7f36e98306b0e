/**
 * Findings of a check: the worst error per kind of tensor, where it is, and whether it is allowed.
 * An error is a difference relative to the largest wanted value of its tensor, unless its kind says
 * "absolute".
 *
 * @module
 */
import { largest, relativeError } from "../../support/compare.ts";

/** Comparisons of one kind of tensor. */
interface Finding {
  /** Tensors compared. */
  count: number;
  /** Largest error in units of its limit; plain where there is no limit. */
  worst: number;
  /** The error itself. */
  error: number;
  /** What is allowed; Infinity when it is only reported. */
  limit: number;
  /** Tensor with the worst error. */
  where: string;
}

/** An error and its limit. */
export interface WorstError {
  /** Kind of tensor. */
  readonly kind: string;
  /** Largest error of the kind. */
  readonly error: number;
  /** What is allowed. */
  readonly limit: number;
}

/** Collects comparisons. */
export class Findings {
  readonly #kinds = new Map<string, Finding>();
  readonly #notes: string[] = [];

  /** Compares a tensor, element by element. */
  compare(
    kind: string,
    where: string,
    got: ArrayLike<number>,
    want: ArrayLike<number>,
    limit: number,
  ): void {
    if (got.length !== want.length) {
      this.#add(kind, `${where}: ${got.length} elements, wanted ${want.length}`, Infinity, limit);
      return;
    }
    this.#add(kind, where, relativeError(got, want), limit);
  }

  /** Compares a tensor by absolute differences. */
  compareAbsolutely(
    kind: string,
    where: string,
    got: ArrayLike<number>,
    want: ArrayLike<number>,
    limit: number,
  ): void {
    const scale = largest(want);
    const relative = got.length === want.length ? relativeError(got, want) : Infinity;
    this.#add(kind, where, scale === 0 ? relative : relative * scale, limit);
  }

  /** Compares one number. */
  compareNumber(kind: string, where: string, got: number, want: number, limit: number): void {
    this.compare(kind, where, [got], [want], limit);
  }

  /** Compares values that must be equal: integers, symbols, flags. */
  compareExactly(
    kind: string,
    where: string,
    got: ArrayLike<unknown>,
    want: ArrayLike<unknown>,
  ): void {
    let at = got.length === want.length ? -1 : Math.min(got.length, want.length);
    for (let i = 0; i < want.length && at < 0; i++) if (got[i] !== want[i]) at = i;
    const place = at < 0
      ? where
      : `${where}[${at}]: got ${JSON.stringify(got[at])}, want ${JSON.stringify(want[at])}`;
    this.#add(kind, place, at < 0 ? 0 : 1, 0);
  }

  /** Remarks on something that was not compared. */
  note(text: string): void {
    this.#notes.push(text);
  }

  /** True when something was compared and everything is within its limit. */
  get passed(): boolean {
    const kinds = [...this.#kinds.values()];
    return kinds.length > 0 && kinds.every(({ error, limit }) => error <= limit);
  }

  /** The error that comes closest to its limit, or exceeds it most; undefined where none has one. */
  get worst(): WorstError | undefined {
    const limited = [...this.#kinds].filter(([, { limit, error }]) =>
      limit !== Infinity && (limit > 0 || error > 0)
    );
    const [first, ...others] = limited.map(([kind, { error, limit }]) => ({ kind, error, limit }));
    return others.reduce<WorstError | undefined>(
      (worst, each) => each.error * worst!.limit > worst!.error * each.limit ? each : worst,
      first,
    );
  }

  /** Kinds that failed. */
  get failures(): string[] {
    return this.lines().filter((line) => line.includes(" FAILED "));
  }

  /** One line per kind: tensors, worst error, limit, where. */
  lines(): string[] {
    const lines = [...this.#kinds].map(([kind, { count, error, limit, where }]) => {
      const verdict = error <= limit ? "  " : " FAILED ";
      const bound = limit === Infinity
        ? "not limited"
        : limit === 0
        ? "exact"
        : `limit ${limit.toExponential(1)}`;
      return `  ${kind.padEnd(26)} worst ${error.toExponential(2).padEnd(9)} ${bound.padEnd(14)}` +
        `${String(count).padStart(4)} compared${verdict}at ${where}`;
    });
    return [...lines, ...this.#notes.map((note) => `  ${note}`)];
  }

  /** A kind is either always limited or never. */
  #add(kind: string, where: string, error: number, limit: number): void {
    const worst = limit === Infinity || error === 0 ? error : error / limit;
    const before = this.#kinds.get(kind);
    const count = (before?.count ?? 0) + 1;
    if (before === undefined || worst > before.worst) {
      this.#kinds.set(kind, { count, worst, error, limit, where });
    } else before.count = count;
  }
}
