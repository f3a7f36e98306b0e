/**
 * The table of cases an op declares beside its kernels. Tests and benchmarks walk the same rows:
 * the derivative check in float64, the kernel check against the reference loops, and the timings.
 *
 * @module
 */
import type { Recorder, Scalar, Shape, Tensor } from "@transformer-xl/runtime/core";

/** One operand of a case. Floats become parameters, so that they have gradients. */
export interface OperandSpec {
  /** Sizes of the axes. */
  readonly shape: Shape;
  /** Element type; floats by default. */
  readonly dtype?: "f32" | "u32";
  /**
   * Element `i`; standard normal numbers by default (from a seed and the operand's name), zeros for
   * integers.
   */
  readonly values?: (i: number) => number;
}

/** One case. */
export interface OpCase {
  /** What is special about it. */
  readonly name: string;
  /** Operands by name. */
  readonly operands: Readonly<Record<string, OperandSpec>>;
  /** Values of the numbers that change from run to run. */
  readonly scalars?: Readonly<Record<string, number>>;
  /** Anything else `call` needs: sizes, rates, switches. */
  readonly attrs?: Readonly<Record<string, number | boolean | string>>;
  /** Longest sum behind one output or gradient element; the tolerance grows with its root. */
  readonly sumLength?: number;
  /**
   * Largest error on the adapter in float32, relative to the largest element; follows from
   * `sumLength` by default.
   */
  readonly tolerance?: number;
  /**
   * False for ops without a derivative; `loops` where it is checked without the adapter, whose driver
   * would compile its kernels for long.
   */
  readonly derivative?: false | "loops";
  /** Cotangent of every output: normal numbers, or ones for losses whose gradient is formed ahead. */
  readonly cotangent?: "normal" | "one";
  /** Also a row of the benchmark; too large for the derivative check. */
  readonly bench?: boolean;
}

/** What a case records. */
export interface CaseOutputs {
  /** Differentiated and compared. */
  readonly outputs?: Readonly<Record<string, Tensor>>;
  /** Compared only. */
  readonly extra?: Readonly<Record<string, Tensor>>;
}

/** The rows of one op and how to call it. */
export interface OpCases {
  /** Op name, as in the folder. */
  readonly op: string;
  /** Records the op once. What it writes in place is compared through the operands. */
  call(
    rec: Recorder,
    operands: Readonly<Record<string, Tensor>>,
    row: { readonly scalars: Readonly<Record<string, Scalar>>; readonly attrs: OpCase["attrs"] },
  ): CaseOutputs;
  /** The cases. */
  readonly rows: readonly OpCase[];
}
