/**
 * Decoding: the log-probabilities of all words after each token, one token at a time. Two recordings
 * share a memory: whole segments read a prompt, and one row reads each token that follows. Keys and
 * values stay on the device, in a window that a token extends by one row.
 *
 * @module
 */
import {
  DataError,
  type HostArray,
  type Plan,
  type PlanInputs,
  type Tensor,
} from "@transformer-xl/runtime/core";
import type { Model } from "../build.ts";
import { allLengths, type Lengths } from "../config.ts";
import type { BatchInputs } from "../vocabulary/batch_inputs.ts";
import type { CacheChoice } from "./cache.ts";
import { InferenceMemory } from "./inference_memory.ts";

/** Sizes of a decoder. */
export interface DecoderSettings {
  /** B: sequences that are decoded side by side (default 1). */
  readonly batchSize?: number;
  /** M: rows of memory, the context of every token. */
  readonly memLen: number;
  /** Rows of a prompt that are read at once (default 64). */
  readonly segmentLen?: number;
  /** What memory rows are kept as (default "auto": keys and values where they stay right). */
  readonly cache?: CacheChoice;
}

const SEGMENT_LEN = 64;

type SegmentsPlan = Plan<PlanInputs, Record<never, Tensor>, BatchInputs>;
type NextPlan = Plan<PlanInputs, { readonly words: Tensor }, BatchInputs>;

/** What a decoder owns on the device. */
interface Owned {
  readonly memory: InferenceMemory;
  readonly segments: SegmentsPlan;
  readonly next: NextPlan;
}

/**
 * A model that reads B sequences and predicts the next token of each. The caller owns it.
 *
 * @example
 * ```ts
 * import { createModel, Decoder } from "@transformer-xl/model";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f32" });
 * using model = await createModel(device, { vocabSize: 10, nLayer: 1, dModel: 16 });
 * using decoder = await Decoder.open(model, { memLen: 8, segmentLen: 4 });
 * let words = await decoder.prefill(Uint32Array.of(3, 1, 4, 1, 5, 9));
 * for (let n = 0; n < 3; n++) {
 *   const best = words.indexOf(Math.max(...words));
 *   words = await decoder.next(Uint32Array.of(best));
 * }
 * assertEquals(words.length, 10);
 * assertAlmostEquals([...words].reduce((sum, value) => sum + Math.exp(value), 0), 1, 1e-5);
 * ```
 */
export class Decoder implements Disposable {
  /** B: sequences side by side. */
  readonly batchSize: number;
  /** V: words of the model. */
  readonly vocabSize: number;
  /** M: rows of memory. */
  readonly memLen: number;
  readonly #segmentLen: number;
  readonly #owned: Owned;

  private constructor(vocabSize: number, lengths: Lengths, owned: Owned) {
    this.vocabSize = vocabSize;
    this.batchSize = lengths.batchSize;
    this.memLen = lengths.memLen;
    this.#segmentLen = lengths.tgtLen;
    this.#owned = owned;
  }

  /**
   * Records the model.
   *
   * @throws {ConfigError} when a size is not a whole number, or too small, or keys of memory rows are
   * asked for and do not stay right
   * @throws {DeviceError} when memory is short
   */
  static async open(
    model: Model,
    { batchSize = 1, memLen, segmentLen = SEGMENT_LEN, cache }: DecoderSettings,
  ): Promise<Decoder> {
    const lengths = allLengths({ batchSize, memLen, tgtLen: segmentLen });
    const { device } = model;
    using stack = new DisposableStack();
    const kept = { label: "decoder memory", cache, window: true };
    const memory = stack.use(await InferenceMemory.open(model, lengths, kept));
    const segments = stack.use(
      await device.plan("prompt", (rec) => {
        const batch = model.inputs(rec, lengths);
        model.forward(rec, batch, { ...memory.recording, head: "hidden" });
        return { inputs: batch.inputs, outputs: {}, kept: batch };
      }),
    );
    const next = stack.use(
      await device.plan("next token", (rec) => {
        const one = { ...lengths, tgtLen: 1 };
        const batch = model.inputs(rec, one);
        const token = memory.window?.record(rec);
        const words = model.forward(rec, batch, {
          ...memory.recording,
          lengths: one,
          ...(token !== undefined && { memory: token, window: token.window }),
          head: "logProbabilities",
        });
        const inputs: PlanInputs = { ...batch.inputs, ...token?.inputs };
        return { inputs, outputs: { words }, kept: batch };
      }),
    );
    stack.move();
    return new Decoder(model.config.nToken, lengths, { memory, segments, next });
  }

  /**
   * Reads a prompt after everything read before.
   *
   * @param tokens [R, B], time-major: row by row, one id per sequence; at least one row
   * @returns log-probabilities in nats of the token after the last row, [B, V]
   * @throws {DataError} when they are no whole rows, or an id is not one of the model
   */
  async prefill(tokens: Uint32Array): Promise<HostArray> {
    const B = this.batchSize;
    if (tokens.length === 0 || tokens.length % B !== 0) {
      throw new DataError(
        `Cannot read a prompt of ${tokens.length} tokens in ${B} sequences: whole rows of ${B} are ` +
          "expected, at least one",
      );
    }
    this.#checkIds(tokens);
    const { memory, segments } = this.#owned;
    const rows = tokens.length / B - 1; // the last row is the first that predicts
    if (rows > 0) memory.window?.moveToFront();
    for (let start = 0; start < rows; start += this.#segmentLen) {
      const end = Math.min(start + this.#segmentLen, rows);
      this.#run(segments, tokens.slice(start * B, end * B));
    }
    return await this.next(tokens.subarray(rows * B));
  }

  /**
   * Reads one token of every sequence.
   *
   * @param ids [B]
   * @returns log-probabilities in nats of the token after it, [B, V]
   * @throws {DataError} when there are not B ids, or one is not one of the model
   */
  async next(ids: Uint32Array): Promise<HostArray> {
    if (ids.length !== this.batchSize) {
      throw new DataError(
        `Cannot read ${ids.length} tokens in ${this.batchSize} sequences: one id each is expected`,
      );
    }
    this.#checkIds(ids);
    const { memory: { window }, next } = this.#owned;
    this.#run(next, ids.slice(), window?.values());
    window?.advance();
    return (await next.read("words")).words;
  }

  /** Forgets everything read; the weights may have changed. */
  reset(): void {
    this.#owned.memory.reset();
  }

  /** Frees the recordings and the memory. */
  [Symbol.dispose](): void {
    const { memory, segments, next } = this.#owned;
    for (const owned of [next, segments, memory]) owned[Symbol.dispose]();
  }

  #run(
    plan: SegmentsPlan | NextPlan,
    inputs: Uint32Array<ArrayBuffer>,
    more: Readonly<Record<string, number>> = {},
  ): void {
    const rows = inputs.length / this.batchSize;
    const segment = {
      inputs,
      targets: new Uint32Array(0), // no losses are recorded
      rows,
      targetRows: rows,
      columns: this.batchSize,
      start: 0,
      scored: false,
    };
    this.#owned.memory.run(plan, plan.kept, segment, more);
  }

  #checkIds(ids: Uint32Array): void {
    const unknown = ids.find((id) => id >= this.vocabSize);
    if (unknown === undefined) return;
    throw new DataError(
      `Cannot read token ${unknown}: the model has ${this.vocabSize} words, ids are below that`,
    );
  }
}
