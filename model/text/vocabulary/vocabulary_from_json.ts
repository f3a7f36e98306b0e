/**
 * Deserialisation of a vocabulary from a checkpoint or cache, and comparison of two vocabularies.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime/core";
import { z } from "zod";
import { BytePairVocabulary } from "./byte_pair_vocabulary.ts";
import { ByteVocabulary } from "./byte_vocabulary.ts";
import { CharacterVocabulary } from "./character_vocabulary.ts";
import { TokenizerVocabulary } from "./tokenizer_vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { END_OF_LINE, WordVocabulary } from "./word_vocabulary.ts";

const distinctSymbols = z.array(z.string().min(1)).min(1).refine(
  (symbols) => new Set(symbols).size === symbols.length,
  "a symbol occurs twice",
);

const BYTE = /^(?:0|[1-9]\d{0,2})$/;

const vocabularyRecord = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("word"),
    symbols: distinctSymbols,
    lowerCase: z.boolean().optional(),
    unknown: z.string().optional(),
    sentenceMark: z.string().optional(),
  }).refine(
    ({ symbols, sentenceMark = END_OF_LINE }) => symbols.includes(sentenceMark),
    { error: "the end of a line is missing", path: ["symbols"] },
  ),
  z.object({ kind: z.literal("char"), symbols: distinctSymbols }),
  z.object({
    kind: z.literal("byte"),
    symbols: distinctSymbols.refine(
      (symbols) => symbols.every((symbol) => BYTE.test(symbol) && Number(symbol) < 256),
      "a symbol is no byte",
    ),
  }),
  z.object({ kind: z.literal("bpe"), strips: z.boolean() }),
  z.object({ kind: z.literal("tokenizer"), json: z.string() }),
]);

/**
 * The vocabulary of a `toJSON()` record.
 *
 * @example
 * ```ts
 * import { vocabularyFromJSON, WordVocabulary } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const vocabulary = WordVocabulary.fromText("a b a");
 * const copy = await vocabularyFromJSON(JSON.parse(JSON.stringify(vocabulary)));
 * assertEquals(copy.fingerprint, vocabulary.fingerprint);
 * ```
 *
 * @throws {DataError} if `record` is not of that form.
 */
export async function vocabularyFromJSON(record: unknown): Promise<Vocabulary> {
  const parsed = vocabularyRecord.safeParse(record);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DataError(
      `Cannot read vocabulary: "${issue?.path.join(".") ?? ""}" is wrong ` +
        `(${issue?.message ?? "unknown"}), write it again with toJSON()`,
    );
  }
  const { data: fields } = parsed;
  switch (fields.kind) {
    case "word":
      return new WordVocabulary(fields.symbols, fields);
    case "char":
      return new CharacterVocabulary(fields.symbols);
    case "byte":
      return new ByteVocabulary(fields.symbols.map(Number));
    case "bpe":
      return await BytePairVocabulary.load(fields);
    case "tokenizer":
      return await TokenizerVocabulary.parse(fields.json);
  }
}

/**
 * Checks that the vocabularies of a model and a corpus agree.
 *
 * @throws {DataError} if they differ; the message describes the difference.
 */
export function assertSameVocabulary(model: Vocabulary, corpus: Vocabulary): void {
  if (model.fingerprint === corpus.fingerprint) return;
  throw new DataError(
    `Cannot use the corpus with this checkpoint: the checkpoint has ${describe(model)} and the ` +
      `corpus has ${describe(corpus)}, give the data set the checkpoint was trained on`,
  );
}

function describe({ kind, size, fingerprint }: Vocabulary): string {
  return `${size} ${kind} symbols (${fingerprint})`;
}
