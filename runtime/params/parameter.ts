/**
 * Parameters. A {@link Parameter} is what papers, checkpoints and optimizers speak of
 * (`word_emb.emb_layers.0.weight`, [V, D]); a {@link PackedParameter} is what kernels bind: one or
 * more row ranges of parameters, laid out together. So a fused projection can be two tables, a
 * softmax head can hold word rows and cluster rows side by side, and a vocabulary can be split at
 * the binding limit, while names, norms and files stay those of the parameters.
 *
 * @module
 */
import type { DType } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { type Storage, Tensor } from "../tensor/tensor.ts";

/** Initial values of a parameter. */
export type Init =
  | { readonly kind: "normal"; readonly mean: number; readonly std: number }
  | { readonly kind: "uniform"; readonly range: number }
  | { readonly kind: "constant"; readonly value: number };

/** A named tensor of a checkpoint. */
export interface Parameter {
  /** Checkpoint key. */
  readonly name: string;
  /** Sizes of the axes. */
  readonly shape: Shape;
  /** Initial values. */
  readonly init: Init;
  /** Position in declaration order: the order of the optimizer and of norms. */
  readonly index: number;
}

/** Rows `from` to `to` (exclusive) of a parameter. */
export interface RowRange {
  /** The parameter. */
  readonly parameter: Parameter;
  /** First row. */
  readonly from: number;
  /** One past the last row. */
  readonly to: number;
}

/** Elements of one row of a parameter: all axes but the first. */
export function rowSize({ shape }: Parameter): number {
  return sizeOf(shape.slice(1));
}

/** A range of the flat weight buffer with its range of the flat gradient buffer. */
export class PackedParameter extends Tensor {
  /** Its row ranges, in order. */
  readonly rowRanges: readonly RowRange[];
  #gradient: Tensor | undefined;

  /** Packed parameters come from `ParameterStore.pack`. */
  constructor(shape: Shape, dtype: DType, label: string, rowRanges: readonly RowRange[]) {
    super(shape, dtype, label);
    this.rowRanges = rowRanges;
  }

  /**
   * Its gradient, summed over everything recorded since the last clear.
   *
   * @throws {TypeError} when the store was allocated without gradients
   */
  get gradient(): Tensor {
    if (this.#gradient === undefined) {
      throw new TypeError(`Cannot differentiate "${this.label}": its store holds no gradients`);
    }
    return this.#gradient;
  }

  /** Assigns ranges of the flat buffers; called once by the store. */
  settleIn({ weights, gradients }: FlatBuffer, offset: number): void {
    this.settle({ kind: "storage", storage: weights, offset });
    this.#gradient = gradients && new Tensor(this.shape, this.dtype, `d ${this.label}`, {
      kind: "storage",
      storage: gradients,
      offset,
    });
  }
}

/** A flat buffer, at most as large as a binding. */
export interface FlatBuffer {
  /** Weights bound by kernels. */
  readonly weights: Storage;
  /**
   * Weights that are trained and saved: float32 master weights if there are any, else `weights`.
   */
  readonly masters: Storage;
  /** Gradients, when the store was allocated with them. */
  readonly gradients: Storage | undefined;
  /** Elements used, padding included. */
  readonly length: number;
  /** Its packed parameters. */
  readonly ranges: readonly { readonly packed: PackedParameter; readonly offset: number }[];
}
