/**
 * Inputs of the adaptive softmax: the column of every target in the head, and the rows and columns
 * that fall into every tail.
 *
 * @module
 */
import { IGNORED, splitByCluster } from "@transformer-xl/kernels";
import type { Input, Scalar } from "@transformer-xl/runtime/core";
import type { Cluster } from "./clusters.ts";
import type { InputFields, SetValue } from "./input_fields.ts";

/** Targets of one tail. */
export interface TailTargets {
  /** Rows of the batch, of which `count` are used. */
  readonly rows: Input<"u32">;
  /** How many there are. */
  readonly count: Scalar;
  /** Their columns inside the tail. */
  readonly columns: Input<"u32">;
}

/** Softmax inputs. */
export class TargetInputs {
  /** Head column per target row, [T B]. */
  readonly head: Input<"u32">;
  /** Targets of every tail. */
  readonly tails: readonly TailTargets[];
  readonly #clusters: readonly Cluster[];

  /** Declares the inputs for `rowCount` targets. */
  constructor(fields: InputFields, rowCount: number, clusters: readonly Cluster[]) {
    this.#clusters = clusters;
    this.head = fields.integers("head targets", rowCount);
    this.tails = clusters.slice(1).map((_, i) => ({
      rows: fields.integers(`tail rows ${i + 1}`, rowCount),
      count: fields.number(`tail count ${i + 1}`),
      columns: fields.integers(`tail targets ${i + 1}`, rowCount),
    }));
  }

  /** Sets the inputs for padded target `ids`. */
  fill(set: SetValue, ids: Uint32Array<ArrayBuffer>): void {
    const head = ids.slice();
    const { rows, counts } = splitByCluster(ids, this.#clusters.map(({ to }) => to));
    const headSize = this.#clusters[0]!.to + this.#clusters.length - 1;
    for (let i = 1; i < this.#clusters.length; i++) {
      const columns = new Uint32Array(ids.length).fill(IGNORED);
      for (let n = 0; n < counts[i]!; n++) {
        const row = rows[i]![n]!;
        columns[n] = ids[row]! - this.#clusters[i]!.from;
        head[row] = headSize - i; // the reference's reversed cluster columns
      }
      const tail = this.tails[i - 1]!;
      set(tail.rows, rows[i]!);
      set(tail.count, counts[i]!);
      set(tail.columns, columns);
    }
    set(this.head, head);
  }
}
