/**
 * Generated files of sentences in the layout of the One Billion Word benchmark.
 *
 * @module
 */
import { zipfIds } from "@transformer-xl/eval";

/** Size of the files. */
export interface FileSizes {
  /** Training files. */
  readonly files: number;
  /** Sentences of a file, 25 words each as in the benchmark. */
  readonly sentences: number;
  /** Words of the vocabulary. */
  readonly words: number;
}

const LENGTH = 25;

/** Writes training files, a validation text and the vocabulary; words are as frequent as words are. */
export async function writeSentenceFiles(
  folder: string,
  { files, sentences, words }: FileSizes,
): Promise<void> {
  const next = zipfIds(words, 1);
  const line = () => Array.from({ length: LENGTH }, () => `w${next()}`).join(" ") + "\n";
  const text = (count: number) => Array.from({ length: count }, line).join("");
  for (let file = 1; file <= files; file++) {
    const name = `train-${`${file}`.padStart(5, "0")}-of-${`${files}`.padStart(5, "0")}.txt`;
    await Deno.writeTextFile(`${folder}/${name}`, text(sentences));
  }
  for (const split of ["valid", "test"]) {
    await Deno.writeTextFile(`${folder}/${split}.txt`, text(10));
  }
  const symbols = ["<S>", "<UNK>", ...Array.from({ length: words }, (_, n) => `w${n}`)];
  await Deno.writeTextFile(`${folder}/1b_word_vocab.txt`, symbols.join("\n") + "\n");
}
