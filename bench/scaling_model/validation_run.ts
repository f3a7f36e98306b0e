/**
 * The small model of the validation, with few tokens and many words, so that exchange and
 * computation take equally long.
 *
 * @module
 */
import { modelOf, trainSchema } from "@transformer-xl/train";
import type { ReportRun } from "../gpu_report/settings.ts";

/** What a process measures; milliseconds of every round. */
export interface ValidationTimes {
  /** Steps without exchange, while the other process does the same. */
  readonly aloneMs: number[];
  /** Steps with exchange. */
  readonly joinedMs: number[];
  /** Updates. */
  readonly updateMs: number[];
}

const WORDS = 30_000;
const CUTOFFS = [3000, 10_000];

/** The run of one process: 11 million parameters. */
export function validationRun(): ReportRun {
  const config = trainSchema.parse({
    adaptive: true,
    nLayer: 4,
    nHead: 4,
    dHead: 64,
    dModel: 256,
    dInner: 1024,
    tgtLen: 16,
    memLen: 16,
    batchSize: 2,
    logInterval: 1,
    noEval: true,
    noTest: true,
  });
  return { config, modelConfig: modelOf(config, WORDS, CUTOFFS) };
}
