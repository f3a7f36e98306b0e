/**
 * Cases of attention distances.
 *
 * @module
 */
import type { OpCases, OperandSpec } from "../op_cases.ts";
import { attentionDistances } from "./mod.ts";

interface Sizes {
  readonly Q: number;
  readonly M: number;
  readonly B: number;
  readonly N: number;
  readonly H: number;
}

function operands({ Q, M, B, N, H }: Sizes): Readonly<Record<"q" | "kv", OperandSpec>> {
  return { q: { shape: [Q * B, N * H] }, kv: { shape: [(M + Q) * B, 2 * N * H] } };
}

function positions({ Q, M, N, H }: Sizes): Readonly<Record<string, OperandSpec>> {
  return {
    r: { shape: [M + Q, N * H] },
    contentBias: { shape: [N, H] },
    positionBias: { shape: [N, H] },
  };
}

const odd = { Q: 13, M: 11, B: 3, N: 3, H: 5 };
const base = { Q: 64, M: 640, B: 4, N: 8, H: 64 };

/** With positions and without, a memory that is partly filled, and a largest distance. */
export const attentionDistancesCases: OpCases = {
  op: "attention_distances",
  call(rec, { q, kv, r, contentBias, positionBias }, { scalars, attrs }) {
    const number = (key: string) => Number(attrs![key]);
    const inputs = r === undefined
      ? { q: q!, kv: kv! }
      : { q: q!, kv: kv!, r, contentBias: contentBias!, positionBias: positionBias! };
    const y = attentionDistances(rec, inputs, {
      ...{ B: number("B"), N: number("N"), H: number("H") },
      memoryRows: number("M"),
      validMemory: scalars["validMemory"]!,
      ...(attrs!["maxDistance"] !== undefined && { maxDistance: number("maxDistance") }),
    });
    return { extra: { y } };
  },
  rows: [
    {
      name: "by position, memory partly filled",
      operands: { ...operands(odd), ...positions(odd) },
      scalars: { validMemory: 7 },
      attrs: { ...odd },
    },
    {
      name: "by content, max distance",
      operands: operands(odd),
      scalars: { validMemory: odd.M },
      attrs: { ...odd, maxDistance: 6 },
    },
    {
      name: "base, evaluation",
      operands: { ...operands(base), ...positions(base) },
      scalars: { validMemory: base.M },
      attrs: { ...base },
      bench: true,
    },
  ].map((row) => ({ ...row, derivative: false as const, sumLength: row.attrs.M + row.attrs.Q })),
};
