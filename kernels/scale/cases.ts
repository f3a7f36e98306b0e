/**
 * Cases of scale.
 *
 * @module
 */
import type { OpCases } from "../op_cases.ts";
import { scale } from "./mod.ts";

/** One element, ends inside a workgroup, several workgroups. */
export const scaleCases: OpCases = {
  op: "scale",
  call: (rec, { x }, { attrs }) => ({ outputs: { y: scale(rec, x!, Number(attrs!["factor"])) } }),
  rows: [
    { name: "one element", operands: { x: { shape: [1] } }, attrs: { factor: -2.5 } },
    { name: "odd size", operands: { x: { shape: [37, 19] } }, attrs: { factor: 22.5 } },
    { name: "several workgroups", operands: { x: { shape: [1025] } }, attrs: { factor: 0 } },
    {
      name: "base activation",
      operands: { x: { shape: [6144, 512] } },
      attrs: { factor: 22.627417 },
      bench: true,
    },
  ],
};
