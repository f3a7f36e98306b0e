/**
 * Attention with absolute positions, for kinds 2 and 3: positions are added to the rows of a layer,
 * and the attention is a plain dot product (Vaswani et al. 2017, section 3.2).
 *
 * Positions count down to 0 at the newest row, memory included. A row gets the position of its
 * present distance once, whenever it is read: the memory holds rows without positions. The reference
 * adds them in place, so its memory keeps them, and a row in it gets another one in every step.
 *
 * @module
 */
import { addPositions } from "@transformer-xl/kernels";
import type { ParameterStore, Recorder, Tensor } from "@transformer-xl/runtime/core";
import type { ModelConfig } from "../config.ts";
import type { MemoryLayer } from "../memory.ts";
import { type Hidden, rowsOf } from "./residual.ts";
import { COMPAT_RULES } from "../settings/compat.ts";
import {
  type Attended,
  type AttentionBlock,
  type AttentionContext,
  joinedRows,
  type LayerRows,
} from "./attention.ts";
import { Projections } from "./projections.ts";

/** Records the rows of a layer. */
export type RecordRows = (
  rec: Recorder,
  x: Tensor,
  memory: MemoryLayer | undefined,
  context: AttentionContext,
) => LayerRows;

/** The dot-product attention block of one layer. */
export class AbsoluteAttentionBlock implements AttentionBlock {
  readonly #projections: Projections;
  readonly #normalisesQueries: boolean;
  readonly #rows: RecordRows;

  /** Declares the parameters; `rows` adds positions, if the layer has them. */
  constructor(store: ParameterStore, config: ModelConfig, layer: number, rows: RecordRows) {
    this.#projections = new Projections(store, config, layer, false);
    this.#normalisesQueries = COMPAT_RULES[config.compat].normalisesQueries;
    this.#rows = rows;
  }

  /** See {@link AttentionBlock.record}. */
  record(
    rec: Recorder,
    hidden: Hidden,
    memory: MemoryLayer | undefined,
    context: AttentionContext,
  ): Attended {
    const rows = this.#rows(rec, rowsOf(rec, hidden), memory, context);
    const operands = this.#projections.project(rec, rows, context, this.#normalisesQueries);
    const mixed = this.#projections.attend(rec, operands, context);
    return { y: this.#projections.output(rec, mixed, rows.x, context), kept: rows.kept };
  }
}

/**
 * The rows of a layer, memory first, and the same with positions [K, D] added.
 *
 * @returns `context` with positions; `kept` without, unless the reference keeps them
 */
export function positionedRows(
  rec: Recorder,
  x: Tensor,
  memory: MemoryLayer | undefined,
  positions: Tensor,
  { compat }: Pick<ModelConfig, "compat">,
): Omit<LayerRows, "x"> {
  const joined = joinedRows(rec, x, memory).context;
  const context = addPositions(rec, joined, positions);
  return { context, kept: COMPAT_RULES[compat].keepsPositions ? context : joined };
}
