/**
 * Reading of a `tokenizer.json` file.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { TokenizerVocabulary } from "../vocabulary/tokenizer_vocabulary.ts";
import { shown, unreadable } from "./text_file.ts";

/**
 * The vocabulary of a `tokenizer.json` file.
 *
 * @throws {DataError} if it cannot be read, or is not of that format
 */
export async function readTokenizer(path: string): Promise<TokenizerVocabulary> {
  let json: string;
  try {
    json = await Deno.readTextFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    return await TokenizerVocabulary.parse(json);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(error.message.replace("a tokenizer", `tokenizer ${shown(path)}`), {
      cause: error,
    });
  }
}
