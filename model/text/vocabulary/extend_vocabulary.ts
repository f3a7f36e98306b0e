/**
 * Extension of a vocabulary by symbols of another text.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime/core";
import { ByteVocabulary } from "./byte_vocabulary.ts";
import { CharacterVocabulary } from "./character_vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { WordVocabulary } from "./word_vocabulary.ts";

/**
 * A vocabulary with the symbols of `counted` that it lacks behind its own, in the order of
 * `counted`. All its ids stay, and so does its symbol of unknown words, if it has one.
 *
 * @returns the vocabulary itself if it lacks none
 * @throws {DataError} if the symbols are of another kind, or byte pairs, which every text has
 * @example
 * ```ts
 * import { extendVocabulary, WordVocabulary } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * const old = WordVocabulary.fromText("to be or not\n");
 * const extended = extendVocabulary(old, WordVocabulary.fromText("be brave be bold\n"));
 * assertEquals(extended.symbols, ["<eos>", "to", "be", "or", "not", "brave", "bold"]);
 * ```
 */
export function extendVocabulary(vocabulary: Vocabulary, counted: Vocabulary): Vocabulary {
  const added = counted.symbols.filter((symbol) => !vocabulary.has(symbol));
  if (added.length === 0) return vocabulary;
  const { kind } = vocabulary;
  const symbols = [...vocabulary.symbols, ...added];
  if (kind === counted.kind && kind === "word") {
    return new WordVocabulary(symbols, { ...counted.toJSON(), ...vocabulary.toJSON() });
  }
  if (kind === counted.kind && kind === "char") return new CharacterVocabulary(symbols);
  if (kind === counted.kind && kind === "byte") return new ByteVocabulary(symbols.map(Number));
  throw new DataError(
    `Cannot extend ${vocabulary.size} symbols of kind ${kind} by symbols of kind ` +
      `${counted.kind}: only words, characters and bytes are added, each to its own kind; give the ` +
      "vocabulary of another text",
  );
}
