/**
 * The text of a configuration.
 *
 * @module
 */
import { type Corpus, openCorpus, type Vocabulary } from "@transformer-xl/model";
import { ConfigError } from "@transformer-xl/runtime";
import { selfFiles } from "./self_corpus.ts";

/** The settings that say which text. */
export interface TextSettings {
  /** Data set; `auto` depends on `data`. */
  readonly dataset: "auto" | "self" | "text" | "wt2" | "wt103";
  /** File or folder. */
  readonly data: string | null;
  /** Kind of vocabulary. */
  readonly vocab: "auto" | "word" | "char";
}

/**
 * Opens the text, with the vocabulary of a checkpoint if one is given.
 *
 * @param cacheDir where encoded text is kept; nowhere if undefined
 * @throws {ConfigError} when a data set needs a folder and none is given
 * @throws {DataError} when the text is missing, empty or not UTF-8
 */
export async function openText(
  { dataset, data, vocab }: TextSettings,
  cacheDir: string | undefined,
  vocabulary?: Vocabulary,
): Promise<Corpus> {
  const name = dataset === "auto" ? data === null ? "self" : "text" : dataset;
  if (name !== "self" && data === null) {
    throw new ConfigError(`Cannot open data set "${name}": it needs a folder; give --data PATH`);
  }
  if (name === "self" && data !== null) {
    throw new ConfigError(
      `Cannot open --data "${data}" as data set "self", which is the program's own text; use --dataset text`,
    );
  }
  return await openCorpus({
    dataset: name,
    ...(name === "self" ? { files: await selfFiles() } : { path: data! }),
    ...(vocab !== "auto" && { vocab }),
    ...(cacheDir !== undefined && { cacheDir }),
    ...(vocabulary !== undefined && { vocabulary }),
  });
}
