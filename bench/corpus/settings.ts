/**
 * The flags of the measurement of large texts.
 *
 * @module
 */
import { lengthValue } from "@transformer-xl/model";
import { z } from "zod";

/** Everything `bench/corpus/main.ts` accepts; the defaults have the size of WikiText-103. */
export const corpusBenchSchema = z.strictObject({
  megabytes: lengthValue.default(500).describe("Size of the text, in millions of bytes"),
  words: lengthValue.max(1_000_000).default(267_735).describe("Different words of the text"),
  rounds: lengthValue.default(1).describe("Times that every part is measured, in turns"),
});

/** Checked flags. */
export type CorpusBenchFlags = z.infer<typeof corpusBenchSchema>;
