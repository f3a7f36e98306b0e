/**
 * Cases of GELU.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { gelu } from "./mod.ts";

/** One element, ends inside a workgroup, both tails, and the activation of the base model. */
export const geluCases: OpCases = {
  op: "gelu",
  call: (rec, { x }) => ({ outputs: { y: gelu(rec, x!) } }),
  rows: [
    { name: "one element", operands: { x: { shape: [1] } } },
    { name: "odd size", operands: { x: { shape: [37, 19] } } },
    { name: "both tails", operands: { x: { shape: [1025], values: (i) => (i - 512) / 32 } } },
    { name: "base feed-forward", operands: { x: { shape: [6144, 2048] } }, bench: true },
  ],
};
