/**
 * Generation of text: a model reads a prompt, then its tokens are sampled one by one, several
 * samples side by side.
 *
 * @module
 */
import {
  Decoder,
  type DecoderSettings,
  MAX_LENGTH,
  type Model,
  type Vocabulary,
} from "@transformer-xl/model";
import { ConfigError, type HostArray } from "@transformer-xl/runtime";
import { promptIds } from "./prompt.ts";
import {
  drawToken,
  type Sampling,
  samplingOf,
  type SamplingSettings,
  tokenWeights,
  uniformAt,
} from "./sampling.ts";
import { StopText } from "./stop_text.ts";
import { type TextStream, textStream, type TextStreamOptions } from "./text_stream.ts";

/** Sizes of a generator. */
export interface GeneratorSettings extends Omit<DecoderSettings, "batchSize"> {
  /** Samples side by side (default 1). */
  readonly samples?: number;
}

/** Settings of one text; see {@link SamplingSettings}. */
export interface GenerateSettings extends SamplingSettings, TextStreamOptions {
  /** Most tokens of a sample (default 200). */
  readonly length?: number | undefined;
  /** Strings that end a sample; they are not part of its text. */
  readonly stop?: readonly string[] | undefined;
}

/** Why a sample ended. */
export type EndReason = "length" | "stop";

/** A token of a sample. */
export interface GeneratedToken {
  /** Number of the sample, from 0. */
  readonly sample: number;
  /** Tokens of the sample before it. */
  readonly position: number;
  /** The token. */
  readonly id: number;
  /** Its log-probability in nats, that of the model: without temperature and filters. */
  readonly logProbability: number;
  /**
   * Text that it completes: empty within a character or within what may become a stop string,
   * several tokens' text after that.
   */
  readonly text: string;
  /** Set on the last token of a sample. */
  readonly end?: EndReason;
}

const LENGTH = 200;

/** A sample that is not finished. */
interface Sample {
  readonly occurred: Set<number>;
  readonly stream: TextStream;
  readonly stop: StopText;
  isEnded: boolean;
}

/**
 * A model that continues texts. The caller owns it.
 *
 * @example
 * ```ts
 * import { Generator } from "@transformer-xl/eval";
 * import { CharacterVocabulary, createModel } from "@transformer-xl/model";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const vocabulary = CharacterVocabulary.fromText("hello world\n");
 * using device = new ReferenceDevice({ precision: "f32" });
 * using model = await createModel(device, { vocabSize: vocabulary.size, nLayer: 1, dModel: 16 });
 * using generator = await Generator.open(model, vocabulary, { memLen: 16 });
 * let text = "";
 * for await (const token of generator.generate("hell", { length: 8, temperature: 0.8, seed: 1 })) {
 *   text += token.text;
 * }
 * assertEquals(text.length, 8);
 * ```
 */
export class Generator implements Disposable {
  readonly #vocabulary: Vocabulary;
  readonly #decoder: Decoder;
  /** Texts that were begun; only the last one goes on. */
  #begun = 0;

  private constructor(vocabulary: Vocabulary, decoder: Decoder) {
    this.#vocabulary = vocabulary;
    this.#decoder = decoder;
  }

  /**
   * Records the model.
   *
   * @throws {ConfigError} when a size is wrong
   * @throws {DeviceError} when memory is short
   */
  static async open(
    model: Model,
    vocabulary: Vocabulary,
    { samples = 1, ...lengths }: GeneratorSettings,
  ): Promise<Generator> {
    const decoder = await Decoder.open(model, { batchSize: samples, ...lengths });
    return new Generator(vocabulary, decoder);
  }

  /**
   * Continues a prompt. Tokens arrive one by one, those of all samples of a position one after the
   * other; breaking out of the loop ends the text. A new text begins with an empty memory and ends
   * the one before.
   *
   * @param prompt a text, or token ids of it
   * @throws {ConfigError} when a setting is wrong
   * @throws {DataError} when the prompt has a symbol without an id
   */
  async *generate(
    prompt: string | Uint32Array,
    settings: GenerateSettings = {},
  ): AsyncGenerator<GeneratedToken, void, undefined> {
    const { length = LENGTH, stop = [], joined = true, ...given } = settings;
    const sampling = samplingOf(given);
    checkText(length, stop);
    const seed = sampling.seed ?? randomSeed();
    const ids = typeof prompt === "string" ? promptIds(prompt, this.#vocabulary) : prompt;
    const number = ++this.#begun;
    const decoder = this.#decoder;
    const samples = Array.from(
      { length: decoder.batchSize },
      () => this.#sample(ids, stop, { joined }),
    );
    decoder.reset();
    let words = await decoder.prefill(repeated(ids, samples.length));
    const next = new Uint32Array(samples.length);
    for (let position = 0; position < length; position++) {
      if (position > 0) words = await decoder.next(next);
      if (number !== this.#begun) return;
      for (const [b, sample] of samples.entries()) {
        if (sample.isEnded) continue; // its row goes on, unread
        const row = this.#row(words, b);
        next[b] = chooseToken(row, sample, sampling, uniformAt(seed, b, position));
        yield extended(sample, {
          sample: b,
          position,
          id: next[b],
          logProbability: row[next[b]]!,
          isLast: position === length - 1,
        });
        if (number !== this.#begun) return;
      }
      if (samples.every(({ isEnded }) => isEnded)) return;
    }
  }

  /** Frees the recordings and the memory. */
  [Symbol.dispose](): void {
    this.#decoder[Symbol.dispose]();
  }

  #sample(prompt: Uint32Array, stop: readonly string[], options: TextStreamOptions): Sample {
    const stream = textStream(this.#vocabulary, options);
    for (const id of prompt) stream.push(id); // the space before the first word depends on the last
    return { occurred: new Set(prompt), stream, stop: new StopText(stop), isEnded: false };
  }

  /** Log-probabilities of one sample; a model may have rows for more symbols than there are. */
  #row(words: HostArray, sample: number): HostArray {
    const { vocabSize } = this.#decoder;
    const start = sample * vocabSize;
    return words.subarray(start, start + Math.min(vocabSize, this.#vocabulary.size));
  }
}

/** A seed for a text that needs not be repeated. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

function chooseToken(row: HostArray, sample: Sample, sampling: Sampling, uniform: number): number {
  return drawToken(tokenWeights(row, sample.occurred, sampling), uniform);
}

/** The token with the text that it adds to a sample. */
function extended(
  sample: Sample,
  { isLast, ...token }: Omit<GeneratedToken, "text" | "end"> & { readonly isLast: boolean },
): GeneratedToken {
  const { stream, stop } = sample;
  sample.occurred.add(token.id);
  let text = stop.push(stream.push(token.id));
  if (isLast && !stop.isStopped) {
    text += stop.push(stream.end());
    if (!stop.isStopped) text += stop.end();
  }
  sample.isEnded = isLast || stop.isStopped;
  if (!sample.isEnded) return { ...token, text };
  return { ...token, text, end: stop.isStopped ? "stop" : "length" };
}

/** Every row of a prompt for all samples, time-major. */
function repeated(ids: Uint32Array, samples: number): Uint32Array {
  const rows = new Uint32Array(ids.length * samples);
  ids.forEach((id, r) => rows.fill(id, r * samples, (r + 1) * samples));
  return rows;
}

function checkText(length: number, stop: readonly string[]): void {
  if (!Number.isInteger(length) || length < 1 || length > MAX_LENGTH) {
    throw new ConfigError(
      `Cannot generate ${length} tokens: want a whole number from 1 to ${MAX_LENGTH}`,
    );
  }
  if (stop.includes("")) {
    throw new ConfigError("Cannot stop at an empty string: it is everywhere; leave it out");
  }
}
