/**
 * Cases of matmul.
 *
 * @module
 */
import type { Recorder, Tensor } from "@transformer-xl/runtime/core";
import { add } from "../add/mod.ts";
import { concat } from "../concat/mod.ts";
import { scale } from "../scale/mod.ts";
import type { OpCases, OperandSpec } from "../op_cases.ts";
import { matmul } from "./mod.ts";

/** Rows above `x` that are no operand, as those of a memory. */
function rowsWithoutGradient(rec: Recorder, x: Tensor, rows: number): Tensor {
  const columns = x.shape[1]!;
  const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.cos(i));
  return rec.constant("rows above", [rows, columns], x.dtype, values);
}

const shapes = (M: number, N: number, K: number, form = "NN"): Record<string, OperandSpec> => ({
  a: { shape: form === "TN" ? [K, M] : [M, K] },
  b: { shape: form === "NT" ? [N, K] : [K, N] },
});

/** Every form, epilogue, odd size and the shapes of the base model. */
export const matmulCases: OpCases = {
  op: "matmul",
  call(rec, { a: given, b, bias }, { scalars, attrs }) {
    const above = Number(attrs?.["rowsAbove"] ?? 0);
    const a = above === 0 ? given : concat(rec, rowsWithoutGradient(rec, given!, above), given!);
    if (attrs?.["from"] !== undefined) {
      const rows = attrs["computed"] === true ? scale(rec, a!, 2) : a!; // no gradient to add to
      const options = { transposeB: true, ...(bias && { bias }) };
      const lower = matmul(rec, rows, b!, { ...options, from: Number(attrs["from"]) });
      const whole = attrs["whole"] === true && { whole: matmul(rec, rows, b!, options) };
      return { outputs: { lower, ...whole } };
    }
    const c = matmul(rec, a!, b!, {
      transposeA: attrs?.["form"] === "TN",
      transposeB: attrs?.["form"] === "NT",
      relu: attrs?.["relu"] === true,
      ...(bias && { bias }),
      ...(scalars["rows"] && { rows: scalars["rows"] }),
      ...(above > 0 && { source: { of: given!, from: above } }),
    });
    if (attrs?.["twice"] !== true) return { outputs: { c } };
    const hidden = scale(rec, given!, 2); // its second cotangent is added to the first
    const options = { transposeB: true, ...(bias && { bias }) };
    const [d, e] = [0, 1].map(() => matmul(rec, hidden, b!, options));
    return { outputs: { c: add(rec, d!, e!) } };
  },
  rows: [
    ...["NN", "NT", "TN"].flatMap((form) => [
      { name: `${form} one element`, operands: shapes(1, 1, 1, form), attrs: { form } },
      {
        name: `${form} odd sizes`,
        operands: shapes(37, 19, 53, form),
        attrs: { form },
        reduction: 53,
      },
      { name: `${form} one row`, operands: shapes(1, 70, 9, form), attrs: { form }, reduction: 70 },
      {
        name: `${form} many tiles`,
        operands: shapes(130, 140, 70, form),
        attrs: { form },
        reduction: 140,
      },
    ]),
    ...["NN", "NT", "TN"].map((form) => ({
      name: `${form} sizes that suit vec4 loads`,
      operands: shapes(36, 76, 44, form),
      attrs: { form },
      reduction: 76,
    })),
    {
      name: "NT bias and ReLU that suit vec4 loads",
      operands: { ...shapes(40, 24, 64, "NT"), bias: { shape: [24] } },
      attrs: { form: "NT", relu: true },
      sumLength: 64,
    },
    ...["NN", "NT", "TN"].map((form) => ({
      name: `${form} sums cut into parts`,
      operands: shapes(20, 21, 2100, form),
      attrs: { form },
      reduction: 2100,
    })),
    {
      name: "NT bias and ReLU",
      operands: { ...shapes(33, 20, 17, "NT"), bias: { shape: [20] } },
      attrs: { form: "NT", relu: true },
      sumLength: 33,
    },
    {
      name: "NT a bias over many rows",
      operands: { ...shapes(600, 5, 3, "NT"), bias: { shape: [5] } },
      attrs: { form: "NT" },
      sumLength: 600,
    },
    {
      name: "NT rows above those with a gradient",
      operands: shapes(13, 19, 10, "NT"),
      attrs: { form: "NT", rowsAbove: 8 },
      sumLength: 21,
    },
    {
      name: "NT lower rows",
      operands: { ...shapes(13, 19, 10, "NT"), bias: { shape: [19] } },
      attrs: { form: "NT", from: 5, computed: true },
      sumLength: 19,
    },
    {
      name: "NT lower rows that suit vec4 loads, and all",
      operands: shapes(40, 24, 32, "NT"),
      attrs: { form: "NT", from: 8, computed: true, whole: true },
      sumLength: 72,
    },
    {
      name: "NT many lower rows",
      operands: shapes(2105, 8, 12, "NT"),
      attrs: { form: "NT", from: 5 },
      sumLength: 2100,
    },
    {
      name: "NT an operand of two products",
      operands: shapes(13, 19, 10, "NT"),
      attrs: { form: "NT", twice: true },
      sumLength: 40,
    },
    {
      name: "NT a bias of two products",
      operands: { ...shapes(13, 19, 10, "NT"), bias: { shape: [19] } },
      attrs: { form: "NT", twice: true },
      sumLength: 40,
    },
    ...[
      { name: "base qkv", M: 6144, N: 512, K: 512, form: "NT" },
      { name: "base ff1", M: 1536, N: 2048, K: 512, form: "NN" },
      { name: "base ff2", M: 1536, N: 512, K: 2048, form: "NT" },
      { name: "base weight gradient", M: 512, N: 512, K: 6144, form: "TN" },
    ].map(({ name, M, N, K, form }) => ({
      name,
      operands: shapes(M, N, K, form),
      attrs: { form },
      reduction: Math.max(M, N, K),
      bench: true,
    })),
  ],
};
