/**
 * The end of kernels with tiles in workgroup memory: the epilogue, the edge tests and the stores.
 *
 * @module
 */
import { epilogueValue } from "./epilogue.ts";
import { range, type TilePlan, xyzw } from "./tile_plan.ts";

/**
 * `store_c(start, row, column, sum)`: the epilogue and the edge tests of 4 columns of C. With vec4,
 * columns between N and the next multiple of 4 are stored too.
 */
export function storeFunction({ epilogue, vec4 }: TilePlan): string[] {
  const head = "fn store_c(start: u32, row: u32, column: u32, sum: vec4<f32>) {";
  const kept = epilogue.dropout ? ["    let kept = kept_by_mask(row, column);"] : [];
  if (vec4) {
    const value = epilogueValue(epilogue, {
      sum: "sum",
      bias: `vec4<f32>(vec4(${range(4).map((e) => `bias[column + ${e}u]`).join(", ")}))`,
      previous: "vec4<f32>(c[at])",
      zero: "vec4<f32>(0.0)",
      kept: "kept",
      gate: "vec4<f32>(gate[at])",
    });
    return [
      head,
      "  if (row < scalars.M && column < scalars.N) {",
      "    let at = (start + row * scalars.ldc + column) / 4u;",
      ...kept,
      `    c[at] = vec4<Out>(${value});`,
      "  }",
      "}",
      "",
    ];
  }
  return [
    head,
    "  if (row < scalars.M) {",
    "    let at = start + row * scalars.ldc + column;",
    ...kept,
    ...range(4).flatMap((e) => {
      const plus = e === 0 ? "" : ` + ${e}u`;
      const value = epilogueValue(epilogue, {
        sum: `sum.${xyzw[e]!}`,
        bias: `f32(bias[column${plus}])`,
        previous: `f32(c[at${plus}])`,
        zero: "0.0",
        kept: `kept.${xyzw[e]!}`,
        gate: `f32(gate[at${plus}])`,
      });
      return [
        `    if (column${plus} < scalars.N) {`,
        `      c[at${plus}] = Out(${value});`,
        "    }",
      ];
    }),
    "  }",
    "}",
    "",
  ];
}
