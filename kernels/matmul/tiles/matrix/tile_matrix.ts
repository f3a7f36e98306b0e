/**
 * The body of `matrix` matmul kernels, for devices whose subgroups multiply small matrices of halves
 * in hardware, with sums in float32: an experimental feature of WebGPU (`subgroup_matrix`).
 *
 * Tiles of A and B lie in workgroup memory as they lie in the buffers, eight halves an item: the units
 * read either order, so nothing is transposed. The next tiles are loaded while the current ones are
 * multiplied. A row of tiles is one item longer than its elements, so that the units read rows from
 * different banks.
 *
 * Results of the units have no addresses of their elements. So one row of matrices at a time goes back
 * through the workgroup memory that held the operands, and from there through the epilogue to C, in
 * vectors of four columns as in the other stages.
 *
 * @module
 */
import { keptBitsBytes, keptBitsFunctions } from "../kept_bits.ts";
import { sidesOf } from "../tile_sides.ts";
import { storeFunction } from "../tile_store.ts";
import { declarations, formulaComment, indent, origin, range } from "../tile_plan.ts";
import type { TilePlan } from "../tile_plan.ts";
import {
  advanceItem,
  firstItem,
  itemLoads,
  loadItem,
  loadVariables,
  type OctetSide,
  onlyWith,
  stageItem,
} from "./octet_loads.ts";

/** Elements of an item of workgroup memory: of operands, and of sums. */
const [HALVES, FLOATS] = [8, 4] as const;

/** Bytes of an item. */
const ITEM_BYTES = 16;

/** A plan with the units it is for. */
export type MatrixPlan = TilePlan & Required<Pick<TilePlan, "units">>;

/** Invocations of a workgroup: as many subgroups as have parts of the tile. */
export function matrixInvocations(
  { tileM, tileN, microM, microN, units }: Pick<
    MatrixPlan,
    "tileM" | "tileN" | "microM" | "microN" | "units"
  >,
): number {
  return tileM / microM * (tileN / microN) * units.lanes;
}

/** Whether sizes divide one another, down to whole items. */
export function fitsMatrix(plan: TilePlan): plan is MatrixPlan {
  const { units, tileM, tileN, tileK, microM, microN, vec4 } = plan;
  if (units === undefined || !vec4) return false;
  return [units.M, units.N, units.K].every((size) => size % HALVES === 0) &&
    microM % units.M === 0 && microN % units.N === 0 && tileK % units.K === 0 &&
    tileM % microM === 0 && tileN % microN === 0 &&
    units.M * microN / FLOATS % units.lanes === 0;
}

/** Invocations of a workgroup, and its memory in bytes. */
export function matrixResources(
  plan: MatrixPlan,
): { readonly workgroupSize: number; readonly workgroupBytes: number } {
  const { units, microN } = plan;
  const workgroupSize = matrixInvocations(plan);
  const sums = workgroupSize / units.lanes * units.M * microN / FLOATS;
  const items = Math.max(sums, operandItems(octetSides(plan)));
  return { workgroupSize, workgroupBytes: ITEM_BYTES * items + keptBitsBytes(plan) };
}

function operandItems([a, b]: readonly [OctetSide, OctetSide]): number {
  return a.rows * a.pitch + b.rows * b.pitch;
}

/** Both operands; B lies behind A. */
function octetSides(plan: TilePlan): readonly [OctetSide, OctetSide] {
  const [a, b] = sidesOf(plan, ({ extent, alongK }) => {
    const [rows, length] = alongK ? [extent, plan.tileK] : [plan.tileK, extent];
    return { rows, perRow: length / HALVES, pitch: length / HALVES + 1, first: 0 };
  });
  return [a, { ...b, first: a.rows * a.pitch }];
}

/** WGSL text of a `matrix` plan, its workgroup size and its workgroup memory in bytes. */
export function matrixTileSource(
  plan: MatrixPlan,
): { source: string; workgroupSize: number; workgroupBytes: number } {
  const { tileM, tileN, tileK, microM, microN, units } = plan;
  const { workgroupSize, workgroupBytes } = matrixResources(plan);
  const sides = octetSides(plan);
  const loads = itemLoads(sides, workgroupSize);
  const each = (statements: (load: typeof loads[number]) => readonly string[]) =>
    loads.flatMap((load) => onlyWith(load, workgroupSize, statements(load)));
  const items = (workgroupBytes - keptBitsBytes(plan)) / ITEM_BYTES;
  const source = [
    formulaComment(plan),
    `// Work split: ${workgroupSize / units.lanes} subgroups own a ${tileM} x ${tileN} tile, ` +
    `${microM} x ${microN} each.`,
    `// c<i>_<j>: sums of matrix i, j of a subgroup, ${units.M} x ${units.N}.`,
    "",
    "enable f16;",
    "enable chromium_experimental_subgroup_matrix;",
    "// Subgroups load from places of their own, at the same time.",
    "diagnostic(off, chromium.subgroup_matrix_uniformity);",
    "",
    ...typeAliases(plan),
    ...declarations(plan),
    "// Tiles of a and b; afterwards a row of matrices of every subgroup.",
    `var<workgroup> tiles: array<Octet, ${items}>;`,
    "",
    ...keptBitsFunctions(plan, workgroupSize),
    ...storeFunction(plan),
    `@compute @workgroup_size(${workgroupSize})`,
    "fn main(",
    "  @builtin(workgroup_id) group: vec3<u32>,",
    "  @builtin(local_invocation_index) thread: u32,",
    "  @builtin(subgroup_id) subgroup: u32,",
    ") {",
    ...indent(1, [
      ...origin(plan),
      `let row0 = subgroup / ${tileN / microN}u * ${microM}u;`,
      `let column0 = subgroup % ${tileN / microN}u * ${microN}u;`,
      ...sums(plan).map((sum) => `var ${sum}: Sums;`),
      ...sides.map(({ name }) => `let ${name}_row = scalars.ld${name} / ${HALVES}u;`),
      "",
      "// First tiles into registers.",
      ...loadVariables(plan, loads),
      ...each((load) => firstItem(plan, load)),
      ...each((load) => loadItem(plan, load)),
      `for (var k0 = k_begin; k0 < k_end; k0 += ${tileK}u) {`,
      ...indent(1, [
        "// Registers into workgroup memory, then the next tiles into registers.",
        ...each((load) => stageItem(load)),
        "workgroupBarrier();",
        `if (k0 + ${tileK}u < k_end) {`,
        ...indent(1, each((load) => [...advanceItem(plan, load), ...loadItem(plan, load)])),
        "}",
        ...range(tileK / units.K).flatMap((step) => multiplyStep(plan, sides, step)),
        "workgroupBarrier();",
      ]),
      "}",
      ...(plan.epilogue.dropout ? ["draw_masks(m0, n0, thread);"] : []),
      "",
      ...range(microM / units.M).flatMap((i) => storeRow(plan, i, workgroupSize)),
    ]),
    "}",
    "",
  ].join("\n");
  return { source, workgroupSize, workgroupBytes };
}

/** Matrices of a subgroup along m and n. */
function matrices({ microM, microN, units }: MatrixPlan): readonly [rows: number, columns: number] {
  return [microM / units.M, microN / units.N];
}

/** Names of a subgroup's sums. */
function sums(plan: MatrixPlan): string[] {
  const [rows, columns] = matrices(plan);
  return range(rows).flatMap((i) => range(columns).map((j) => `c${i}_${j}`));
}

/** The matrices of the units; their columns come first. */
function typeAliases({ units: { M, N, K } }: MatrixPlan): string[] {
  return [
    `alias Left = subgroup_matrix_left<f16, ${K}, ${M}>;`,
    `alias Right = subgroup_matrix_right<f16, ${N}, ${K}>;`,
    `alias Sums = subgroup_matrix_result<f32, ${N}, ${M}>;`,
  ];
}

/** One step of the units' k: every pair of a subgroup's rows and columns. */
function multiplyStep(
  plan: MatrixPlan,
  [a, b]: readonly [OctetSide, OctetSide],
  step: number,
): string[] {
  const { M, N, K } = plan.units;
  const [rows, columns] = matrices(plan);
  const load = (side: OctetSide, type: string, order: string, origin: string, at: number) => {
    const { alongK, first, pitch, name } = side;
    const place = alongK
      ? `${first + at * pitch + step * K / HALVES}u + ${origin} * ${pitch}u`
      : `${first + step * K * pitch + at / HALVES}u + ${origin} / ${HALVES}u`;
    return `let ${name}${at} = subgroupMatrixLoad<${type}, ${order}>(&tiles, ${place}, ${pitch}u);`;
  };
  const orderOfA = a.alongK ? "row_major" : "col_major"; // [m, k] or [k, m]
  const orderOfB = b.alongK ? "col_major" : "row_major"; // [n, k] or [k, n]
  return [
    "{",
    ...indent(1, [
      ...range(rows).map((i) => load(a, "Left", orderOfA, "row0", i * M)),
      ...range(columns).map((j) => load(b, "Right", orderOfB, "column0", j * N)),
      ...range(rows).flatMap((i) =>
        range(columns).map((j) =>
          `c${i}_${j} = subgroupMatrixMultiplyAccumulate(a${i * M}, b${j * N}, c${i}_${j});`
        )
      ),
    ]),
    "}",
  ];
}

/** Stores row `i` of every subgroup's matrices: into workgroup memory, and from there to C. */
function storeRow(plan: MatrixPlan, i: number, workgroupSize: number): string[] {
  const { microM, microN, tileN, units: { M, N, lanes } } = plan;
  const [rows, columns] = matrices(plan);
  const perRow = microN / FLOATS;
  const slot = M * perRow;
  const subgroupsN = tileN / microN;
  return [
    "{",
    ...indent(1, [
      ...range(columns).map((j) =>
        `subgroupMatrixStore<row_major>(&tiles, subgroup * ${slot}u + ${
          j * N / FLOATS
        }u, c${i}_${j}, ${perRow}u);`
      ),
      "workgroupBarrier();",
      `for (var turn = 0u; turn < ${slot / lanes}u; turn++) {`,
      ...indent(1, [
        `let item = thread + turn * ${workgroupSize}u;`,
        `let owner = item / ${slot}u;`,
        `let row = m0 + owner / ${subgroupsN}u * ${microM}u + ${
          i * M
        }u + item % ${slot}u / ${perRow}u;`,
        `let column = n0 + owner % ${subgroupsN}u * ${microN}u + item % ${perRow}u * ${FLOATS}u;`,
        "store_c(c_start, row, column, bitcast<vec4<f32>>(tiles[item]));",
      ]),
      "}",
      ...(i + 1 < rows ? ["workgroupBarrier();"] : []),
    ]),
    "}",
  ];
}
