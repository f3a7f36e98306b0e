/**
 * Every op's cases: the table that tests and benchmarks walk. Adding an op adds one line.
 *
 * @module
 */
import type { OpCases } from "./op_cases.ts";
import { dropoutCases } from "./dropout/cases.ts";
import { matmulCases } from "./matmul/cases.ts";

/** All ops. */
export const CATALOGUE: readonly OpCases[] = [
  dropoutCases,
  matmulCases,
];
