/**
 * The cases of all ops, for tests and benchmarks. Programs that use the ops do not load them: they
 * have the entry point `@transformer-xl/kernels/cases`.
 *
 * @module
 */
import * as catalogue from "./catalogue.ts";
import type { OpCases } from "./op_cases.ts";

export { normals } from "./normals.ts";
export type { CaseOutputs, OpCase, OpCases, OperandSpec } from "./op_cases.ts";
export { type RecordedRow, recordRow } from "./record_case.ts";

/** All ops, by the name of their table. */
export const CATALOGUE: readonly OpCases[] = Object.values(catalogue);
