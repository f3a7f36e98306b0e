/**
 * The text of a run and of the checkpoint it resumes: announced before it is opened, compared with
 * the training text, and logged.
 *
 * @module
 */
import {
  type Corpus,
  corpusLines,
  type ModelCheckpoint,
  spacesAdvice,
  SPLITS,
  type TextFile,
  type TokenSequence,
} from "@transformer-xl/model";
import { CheckpointError, type TextLog } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { trainingRecord } from "./training_checkpoint.ts";
import type { TrainConfig } from "../config.ts";
import { CHARACTERS_INSTEAD } from "../settings/flag_errors.ts";

/** A line about the location of the checkpoint's text; undefined if the user names the text. */
export function textOfCheckpoint(
  { data }: TrainConfig,
  isGiven: boolean,
  checkpoint: ModelCheckpoint | undefined,
): string | undefined {
  if (checkpoint === undefined || isGiven || data === null) return undefined;
  return `text of training : ${JSON.stringify(data)} (from the checkpoint ${
    JSON.stringify(checkpoint.path)
  })`;
}

/**
 * Compares the text with the one that the checkpoint was trained on.
 *
 * @param isGiven whether the user named the text and may have chosen another one
 * @returns lines about changes
 * @throws {CheckpointError} when the training text differs and the user did not allow it
 */
export function checkSameText(
  checkpoint: ModelCheckpoint,
  { source }: Corpus,
  { acceptNewText }: TrainConfig,
  isGiven: boolean,
): string[] {
  const { text: before } = trainingRecord(checkpoint);
  if (before === undefined) return ["The checkpoint does not say which text it was trained on"];
  const changes = SPLITS.flatMap((split) => {
    const change = changeOf(before[split], source.identity[split]);
    return change === undefined ? [] : [[split, change] as const];
  });
  const [first] = changes;
  if (first === undefined) return [];
  const trained = first[0] === "train" || before.split !== source.identity.split;
  if (trained && !isGiven && !acceptNewText) {
    throw new CheckpointError(
      `Cannot continue from "${checkpoint.path}": its training text has changed, ${first[1]}`,
      { need: "the text of training" },
    );
  }
  return changes.map(([split, change]) => {
    const name = split === "train" ? "training" : split === "valid" ? "validation" : "test";
    return `The ${name} text is not the one of the checkpoint: ${change}`;
  });
}

/** Differences between two lists of files; locations may differ. */
function changeOf(before: readonly TextFile[], now: readonly TextFile[]): string | undefined {
  const at = before.findIndex(({ sha256 }, i) => sha256 !== now[i]?.sha256);
  if (at < 0 && before.length === now.length) return undefined;
  const hashes = (files: readonly TextFile[]) => files.map(({ sha256 }) => sha256).sort().join();
  if (hashes(before) === hashes(now)) return "its files are in another order";
  const was = before[at];
  const is = at < 0 ? now[before.length] : now[at];
  if (before.length !== now.length || was === undefined || is === undefined) {
    return `${before.length} ${before.length === 1 ? "file" : "files"} then, ${now.length} now` +
      (is === undefined ? "" : `, ${JSON.stringify(is.path)} is new or another`);
  }
  return was.bytes === is.bytes
    ? `${JSON.stringify(is.path)} has the same ${is.bytes} bytes in number, but others`
    : `${JSON.stringify(is.path)} has ${is.bytes} bytes, and had ${was.bytes}`;
}

/**
 * Reports the text that was read and its changes.
 *
 * @param isCounted whether the symbols are those of the text, and not those of a checkpoint, which
 * say nothing about its words and leave no choice of others
 */
export function logText(
  text: Pick<TextLog, "write">,
  corpus: Corpus,
  { changes, isCounted }: { readonly changes: readonly string[]; readonly isCounted: boolean },
): void {
  for (const line of corpusLines(corpus)) text.write(line);
  for (const change of changes) text.write(change, "WARNING");
  const advice = isCounted ? spacesAdvice(corpus) : undefined;
  if (advice !== undefined) text.write(`${advice}; ${CHARACTERS_INSTEAD}`, "WARNING");
}

/** What was read, for the JSON log. */
export function textRecord({ vocabulary, counts, source }: Corpus): Record<string, unknown> {
  const { kind, size } = vocabulary;
  return {
    kind: "text",
    dataset: source.dataset,
    vocabulary: { kind, size },
    splits: counts,
    files: source.identity,
    leftOut: source.leftOut,
  };
}

/**
 * What processes must have in common of a text: for every split its tokens and files, then the
 * digest of all files and of the way they are read.
 */
export function textFacts({ train, valid, test, source }: Corpus): Record<string, string> {
  const { split, ...files } = source.identity;
  const fact = ({ length }: TokenSequence, paths: readonly TextFile[]) =>
    `${length} tokens ${
      paths.length === 0 && split === "lines" ? "of the text of train" : filesFact(paths)
    }`;
  return {
    train: fact(train, files.train),
    valid: fact(valid, files.valid),
    test: fact(test, files.test),
    "SHA-256": source.key,
  };
}

function filesFact(files: readonly TextFile[]): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const digest = createHash("sha256").update(files.map(({ sha256 }) => sha256).join());
  const count = `${files.length} ${files.length === 1 ? "file" : "files"}`;
  return `of ${bytes} bytes in ${count}, hash ${digest.digest("hex").slice(0, 16)}`;
}
