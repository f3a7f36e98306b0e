/**
 * The segments of a split of sentences in their order, for evaluation.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime/core";
import type { Segment, SegmentSource } from "../batches/batches.ts";
import { type ColumnSettings, SentenceColumns } from "./sentence_columns.ts";
import { sentenceAt, sentenceCount, type SentenceList } from "./sentence_list.ts";

/** Options of the batches of an evaluation. */
export interface SentenceBatchSettings extends ColumnSettings {
  /**
   * Whether sentences that do not fill the last batch are scored as far as they fill rows of all
   * columns; the reference drops that batch.
   */
  readonly keepsLast: boolean;
  /** Name of the text in messages (default "text"). */
  readonly name?: string | undefined;
  /** Whether training has another `batchSize`, so that errors need a change of this one. */
  readonly ofEvaluation?: boolean | undefined;
}

/**
 * Batches of sentences on one rank. There is no warm-up: a sentence has nothing before it.
 *
 * @example
 * ```ts
 * import { SentenceBatches } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const sentences = {
 *   ids: Uint32Array.of(0, 5, 6, 0, 0, 7, 0), // <S> 5 6 <S>, <S> 7 <S>
 *   starts: Uint32Array.of(0, 4, 7),
 * };
 * const batches = new SentenceBatches(sentences, { batchSize: 1, tgtLen: 2, keepsLast: true });
 * const inputs = [...batches.segments()].map(({ inputs }) => [...inputs]);
 * assertEquals(inputs, [[0, 5], [6, 0], [7]]);
 * assertEquals(batches.scoredTokens, 5);
 * ```
 */
export class SentenceBatches implements SegmentSource {
  readonly firstColumn: number;
  readonly columns: number;
  readonly segmentCount: number;
  /** Targets of all segments on all ranks. */
  readonly scoredTokens: number;
  readonly #sentences: SentenceList;
  readonly #settings: SentenceBatchSettings;
  /** Segments of places, and how many were taken. */
  #places: Generator<Segment, void, undefined> | undefined;
  #placesTaken = 0;

  /**
   * @throws {DataError} if the sentences fill no segment
   * @throws {ConfigError} if this rank would get no column
   */
  constructor(sentences: SentenceList, settings: SentenceBatchSettings) {
    this.#sentences = sentences;
    this.#settings = settings;
    const { firstColumn, columns } = new SentenceColumns(settings);
    this.firstColumn = firstColumn;
    this.columns = columns;
    let [segments, rows] = [0, 0];
    for (const { targetRows } of this.segments()) {
      segments++;
      rows += targetRows;
    }
    this.segmentCount = segments;
    this.scoredTokens = rows * settings.batchSize;
    if (segments > 0) return;
    const { name = "text", batchSize, tgtLen, ofEvaluation = false } = settings;
    throw new DataError(
      `Cannot cut "${name}" into ${batchSize} columns of ${tgtLen} rows: its ` +
        `${sentenceCount(sentences)} sentences do not fill a batch`,
      {
        need: ofEvaluation
          ? "more text or a smaller batch of evaluation"
          : "more text or a smaller batch",
      },
    );
  }

  get batchCount(): number {
    return this.segmentCount;
  }

  segments(): Generator<Segment, void, undefined> {
    return this.#cut(this.#sentences);
  }

  targetPlaces(index: number): Int32Array {
    if (index < this.#placesTaken) this.#places = undefined;
    if (this.#places === undefined) {
      const { ids, starts } = this.#sentences;
      // Places are cut as the ids are.
      this.#places = this.#cut({ ids: ids.map((_, place) => place), starts });
      this.#placesTaken = 0;
    }
    for (; this.#placesTaken < index; this.#placesTaken++) this.#places.next();
    this.#placesTaken++;
    return Int32Array.from(this.#places.next().value!.targets);
  }

  *#cut(sentences: SentenceList): Generator<Segment, void, undefined> {
    const columns = new SentenceColumns(this.#settings);
    const { tgtLen, keepsLast } = this.#settings;
    const count = sentenceCount(sentences);
    let taken = 0;
    const next = () => taken < count ? sentenceAt(sentences, taken++) : undefined;
    let start = 0;
    for (; columns.fill(next); start += tgtLen) yield columns.take(start);
    const rows = keepsLast ? columns.finish() : 0;
    if (rows > 0) yield columns.take(start, rows);
  }
}
