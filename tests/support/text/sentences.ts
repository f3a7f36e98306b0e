/**
 * A small data set of sentences in the layout of the One Billion Word benchmark.
 *
 * @module
 */

const ARCHIVE = "1-billion-word-language-modeling-benchmark-r13output";
const TRAINING = `${ARCHIVE}/training-monolingual.tokenized.shuffled`;
const HELD_OUT = `${ARCHIVE}/heldout-monolingual.tokenized.shuffled`;

const WORDS = ["the", "of", "a", "to", "in", "and", "said", "for", "that", "on", ".", ","];

/** Sentence `n` of file `file`: one to nine words, of which one may be unknown. */
function sentence(file: number, n: number): string {
  const length = 1 + (file * 5 + n * 7) % 9;
  const words = Array.from({ length }, (_, i) => WORDS[(file + n * n + i * (n + 1)) % 12]!);
  if (n % 11 === 10) words[0] = `rare${n}`;
  return words.join(" ");
}

/** Sentences of a file. */
export function sentencesOf(file: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => sentence(file, n));
}

/** Options of the files. */
export interface FixtureOptions {
  /** Sentences of every training file. */
  readonly training?: readonly number[];
  /** Sentences of the held-out file. */
  readonly heldOut?: number;
}

/** Writes the files below `folder`, which is made. */
export async function writeSentences(
  folder: string,
  { training = [40, 30, 50], heldOut = 30 }: FixtureOptions = {},
): Promise<void> {
  await Deno.mkdir(`${folder}/${TRAINING}`, { recursive: true });
  await Deno.mkdir(`${folder}/${HELD_OUT}`, { recursive: true });
  for (const [file, count] of training.entries()) {
    const text = sentencesOf(file, count).map((line) => `${line}\n`).join("");
    await Deno.writeTextFile(`${folder}/${TRAINING}/news.en-0000${file + 1}-of-00100`, text);
  }
  await Deno.writeTextFile(`${folder}/${TRAINING}/README`, "not a training file\n");
  const text = sentencesOf(9, heldOut).map((line) => `${line}\n`).join("");
  await Deno.writeTextFile(`${folder}/${HELD_OUT}/news.en.heldout-00000-of-00050`, text);
  const symbols = ["<S>", ...WORDS, "the", "<UNK>", "!!!MAXTERMID 9"];
  await Deno.writeTextFile(
    `${folder}/1b_word_vocab.txt`,
    symbols.map((word) => `${word} 17\n`).join(""),
  );
}
