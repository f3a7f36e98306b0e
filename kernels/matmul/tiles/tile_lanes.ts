/**
 * The body of `subgroup` and `direct` matmul kernels, made for software rasterisers: no workgroup
 * memory, one 8-lane vector per workgroup, everything in registers.
 *
 * On such a driver a load costs about 30 fused multiply-adds per lane, coalesced or not, so only
 * the outputs count per load. Lane l of a `subgroup` kernel loads rows l, l + 8, ... of A once for
 * all lanes, and subgroupBroadcast with a constant lane hands row i to everyone.
 *
 * @module
 */
import { epilogueValue } from "./epilogue.ts";
import { declarations, formulaComment, indent, lanes, origin, range } from "./tile_plan.ts";
import type { TilePlan } from "./tile_plan.ts";

/** WGSL text of a `subgroup` or `direct` plan. */
export function laneTileSource(plan: TilePlan): string {
  const { tileM, tileN, tileK, microN: columns } = plan;
  const broadcast = plan.stage === "subgroup";
  const rowSets = broadcast ? tileM / lanes : tileM;
  return [
    formulaComment(plan),
    `// Work split: 8 lanes own ${tileM} x ${tileN} outputs; lane l has columns n0 + l + 8 j, all rows.`,
    broadcast
      ? "// a<g>_<e>: A of row m0 + 8 g + lane at k + e. b<j>_<e>: B of column n0 + 8 j + lane."
      : "// a<i>_<e>: A of row m0 + i at k + e, in every lane. b<j>_<e>: B of column n0 + 8 j + lane.",
    "// c<i>_<j>: sum for row m0 + i, column n0 + 8 j + lane. Rows and columns past the edge repeat the",
    "// last one, so loads need no test.",
    "",
    ...declarations(plan),
    `@compute @workgroup_size(${lanes})`,
    "fn main(",
    "  @builtin(workgroup_id) group: vec3<u32>,",
    "  @builtin(local_invocation_index) lane: u32,",
    ") {",
    ...indent(1, [
      ...origin(plan),
      "let last_row = scalars.M - 1u;",
      "let last_column = scalars.N - 1u;",
      ...range(rowSets).map((g) => {
        const row = `min(m0 + ${broadcast ? `${g * lanes}u + lane` : `${g}u`}, last_row)`;
        return `let a_at${g} = a_start + ${row}${plan.form === "TN" ? "" : " * scalars.lda"};`;
      }),
      ...range(columns).map((j) => {
        const column = `min(n0 + ${j * lanes}u + lane, last_column)`;
        return `let b_at${j} = b_start + ${column}${plan.form === "NT" ? " * scalars.ldb" : ""};`;
      }),
      ...range(tileM).flatMap((i) => range(columns).map((j) => `var c${i}_${j} = 0.0;`)),
      "",
      "var k = k_begin;",
      `for (; k + ${tileK}u <= k_end; k += ${tileK}u) {`,
      ...indent(1, multiplySteps(plan, rowSets, tileK)),
      "}",
      ...(tileK === 1 ? [] : [
        "for (; k < k_end; k += 1u) {",
        ...indent(1, multiplySteps(plan, rowSets, 1)),
        "}",
      ]),
      "",
      ...storeColumns(plan),
    ]),
    "}",
    "",
  ].join("\n");
}

/** Loads and multiply-adds of `steps` values of k. */
function multiplySteps(plan: TilePlan, rowSets: number, steps: number): string[] {
  const at = (e: number) => (e === 0 ? "k" : `k + ${e}u`);
  const aIndex = (g: number, e: number) =>
    plan.form === "TN" ? `a_at${g} + a_k${e}` : `a_at${g} + ${at(e)}`;
  const bIndex = (j: number, e: number) =>
    plan.form === "NT" ? `b_at${j} + ${at(e)}` : `b_at${j} + b_k${e}`;
  const broadcast = plan.stage === "subgroup";
  const rowOfA = (i: number, e: number) =>
    broadcast ? `subgroupBroadcast(a${Math.floor(i / lanes)}_${e}, ${i % lanes}u)` : `a${i}_${e}`;
  const timesK = (e: number, stride: string) => `${e === 0 ? "k" : `(${at(e)})`} * ${stride}`;
  return [
    ...range(steps).flatMap((e) => [
      ...(plan.form === "TN" ? [`let a_k${e} = ${timesK(e, "scalars.lda")};`] : []),
      ...(plan.form === "NT" ? [] : [`let b_k${e} = ${timesK(e, "scalars.ldb")};`]),
    ]),
    ...range(rowSets).flatMap((g) =>
      range(steps).map((e) => `let a${g}_${e} = f32(a[${aIndex(g, e)}]);`)
    ),
    ...range(plan.microN).flatMap((j) =>
      range(steps).map((e) => `let b${j}_${e} = f32(b[${bIndex(j, e)}]);`)
    ),
    ...range(steps).flatMap((e) =>
      range(plan.tileM).flatMap((i) => [
        "{",
        `  let x = ${rowOfA(i, e)};`,
        ...range(plan.microN).map((j) => `  c${i}_${j} = fma(x, b${j}_${e}, c${i}_${j});`),
        "}",
      ])
    ),
  ];
}

/**
 * A loop over columns that always stores c<i>_0 and then moves the next column's sums there: the
 * driver spends most of its compile time on loads and stores, and so sees each row's only once.
 *
 * Rows past the edge store the last row's value again, which is equal because they summed the same
 * numbers, and because `accumulate` reads a column of C before it writes any of it.
 */
function storeColumns(plan: TilePlan): string[] {
  const { tileM, microN, epilogue } = plan;
  return [
    ...range(tileM).map((i) => `let c_at${i} = c_start + min(m0 + ${i}u, last_row) * scalars.ldc;`),
    `let end_column = min(n0 + ${plan.tileN}u, scalars.N);`,
    `for (var column = n0 + lane; column < end_column; column += ${lanes}u) {`,
    ...indent(1, [
      ...(epilogue.bias ? ["let bias_here = f32(bias[column]);"] : []),
      ...(epilogue.accumulate
        ? range(tileM).map((i) => `let old${i} = f32(c[c_at${i} + column]);`)
        : []),
      ...range(tileM).map((i) => {
        const value = epilogueValue(epilogue, {
          sum: `c${i}_0`,
          bias: "bias_here",
          previous: `old${i}`,
          zero: "0.0",
          kept: "",
          gate: `f32(gate[c_at${i} + column])`,
        });
        return `c[c_at${i} + column] = Out(${value});`;
      }),
      ...range(tileM).flatMap((i) => range(microN - 1).map((j) => `c${i}_${j} = c${i}_${j + 1};`)),
    ]),
    "}",
  ];
}
