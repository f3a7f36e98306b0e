/**
 * Inputs of a recording that are declared once and filled through their handles.
 *
 * @module
 */
import type { Input, PlanInputs, Recorder, RunValues, Scalar } from "@transformer-xl/runtime/core";

/** Gives a value to an input or a scalar for the next run. */
export interface SetValue {
  (field: Scalar, value: number): void;
  (field: Input<"u32">, value: Uint32Array<ArrayBuffer>): void;
}

/** The inputs of a recording; their labels are their names in the plan. */
export class InputFields {
  readonly #rec: Recorder;
  readonly #inputs: Record<string, Input | Scalar> = {};

  constructor(rec: Recorder) {
    this.#rec = rec;
  }

  /** Everything declared so far, for the plan. */
  get inputs(): PlanInputs {
    return this.#inputs;
  }

  /** Declares an array of `length` integers. */
  integers(label: string, length: number): Input<"u32"> {
    const field = this.#rec.input(label, [length], "u32");
    this.#inputs[label] = field;
    return field;
  }

  /** Declares a number. */
  number(label: string): Scalar {
    const field = this.#rec.scalar(label);
    this.#inputs[label] = field;
    return field;
  }
}

/** The values of a run that `fill` sets. */
export function filledValues(fill: (set: SetValue) => void): RunValues<PlanInputs> {
  const values: Record<string, number | Uint32Array<ArrayBuffer>> = {};
  fill((field: Scalar | Input<"u32">, value: number | Uint32Array<ArrayBuffer>) => {
    values[field.label] = value;
  });
  return values as RunValues<PlanInputs>;
}
