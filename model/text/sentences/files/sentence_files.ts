/**
 * The files of the One Billion Word benchmark: its training files by their pattern, and the same
 * held-out file as validation and test text.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import { type Split, SPLITS } from "../../files/split_names.ts";
import { shown, statPath } from "../../files/text_file.ts";
import { listFolder } from "../../files/text_folder.ts";

/** The folder in the archive of the benchmark. */
const ARCHIVE = "1-billion-word-language-modeling-benchmark-r13output";

const TRAINING = "training-monolingual.tokenized.shuffled";

const TRAINING_FILE = /^news\.en-/;

/** Training files as `deno task data` names them, beside the other splits. */
const NUMBERED_FILE = /^train-\d+-of-\d+\.txt$/;

/** What the reference copies to `valid.txt` and `test.txt`. */
const HELD_OUT = "heldout-monolingual.tokenized.shuffled/news.en.heldout-00000-of-00050";

/** Files by split. */
export type SplitPaths = Readonly<Partial<Record<Split, readonly string[]>>>;

/**
 * Finds the files in `folder`, or in the folder of the archive in it. Training files are those whose
 * names start with `news.en-`, or numbered ones such as `train-00001-of-00100.txt` in `folder`, in
 * name order; validation and test text are `valid.txt` and `test.txt`, or the held-out file of the
 * archive.
 *
 * @param wanted splits that must be there
 * @throws {DataError} if one is missing
 */
export async function locateSentences(
  folder: string,
  wanted: readonly Split[] = SPLITS,
): Promise<SplitPaths> {
  const root = folder.replace(/\/+$/, "");
  const archive = (await statPath(`${root}/${ARCHIVE}`))?.isDirectory ? `${root}/${ARCHIVE}` : root;
  const heldOut = `${archive}/${HELD_OUT}`;
  const splits: Partial<Record<Split, string[]>> = {};
  const training = `${archive}/${TRAINING}`;
  for (const [place, pattern] of [[training, TRAINING_FILE], [root, NUMBERED_FILE]] as const) {
    if (splits.train !== undefined || !(await statPath(place))?.isDirectory) continue;
    const { files } = await listFolder(place);
    const found = files.filter(({ name }) => pattern.test(name)).map(({ path }) => path);
    if (found.length > 0) splits.train = found;
  }
  for (const split of ["valid", "test"] as const) {
    for (const path of [`${root}/${split}.txt`, heldOut]) {
      if (splits[split] === undefined && (await statPath(path))?.isFile) splits[split] = [path];
    }
  }
  const missing = wanted.find((split) => splits[split] === undefined);
  if (missing === undefined) return splits;
  const places = missing === "train"
    ? [`${root}/train-*-of-*.txt`, `${training}/news.en-*`]
    : [`${root}/${missing}.txt`, heldOut];
  throw new DataError(
    `Cannot open data set "lm1b": there is neither ${places.map(shown).join(" nor ")}, ` +
      "unpack the archive of the benchmark into the folder",
    { need: "the folder of the splits" },
  );
}
