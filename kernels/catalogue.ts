/**
 * Every op's cases: the table that tests and benchmarks walk. Adding an op adds one line.
 *
 * @module
 */
import type { OpCases } from "./op_cases.ts";
import { dropoutCases } from "./dropout/cases.ts";
import { embeddingCases } from "./embedding/cases.ts";
import { layerNormCases } from "./layer_norm/cases.ts";
import { matmulCases } from "./matmul/cases.ts";
import { relativeAttentionCases } from "./relative_attention/cases.ts";
import { softmaxNllCases } from "./softmax_nll/cases.ts";

/** All ops. */
export const CATALOGUE: readonly OpCases[] = [
  dropoutCases,
  embeddingCases,
  layerNormCases,
  matmulCases,
  relativeAttentionCases,
  softmaxNllCases,
];
