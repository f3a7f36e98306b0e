/**
 * Every op's cases: the table that tests and benchmarks walk. Adding an op adds one line. Programs
 * that use the ops do not load it: it is the entry point `@transformer-xl/kernels/cases`.
 *
 * @module
 */
import type { OpCases } from "./op_cases.ts";
import { dropoutCases } from "./dropout/cases.ts";
import { castCases, reluBackwardCases, scaleCases } from "./elementwise/cases.ts";
import { embeddingCases } from "./embedding/cases.ts";
import { layerNormCases } from "./layer_norm/cases.ts";
import { matmulCases } from "./matmul/cases.ts";
import { columnSumCases, sumAllCases, writeAtCases } from "./reduce/cases.ts";
import { relativeAttentionCases } from "./relative_attention/cases.ts";
import {
  combineRowsCases,
  concatRowsCases,
  copyRowsCases,
  gatherRowsCases,
  scatterRowsCases,
  sliceRowsCases,
} from "./rows/cases.ts";
import { softmaxNllCases } from "./softmax_nll/cases.ts";

export { normals } from "./normals.ts";
export { type RecordedRow, recordRow } from "./record_case.ts";
export type { CaseOutputs, OpCase, OpCases, OperandSpec } from "./op_cases.ts";

/** All ops. */
export const CATALOGUE: readonly OpCases[] = [
  castCases,
  columnSumCases,
  combineRowsCases,
  concatRowsCases,
  copyRowsCases,
  dropoutCases,
  embeddingCases,
  gatherRowsCases,
  layerNormCases,
  matmulCases,
  relativeAttentionCases,
  reluBackwardCases,
  scaleCases,
  scatterRowsCases,
  sliceRowsCases,
  softmaxNllCases,
  sumAllCases,
  writeAtCases,
];
