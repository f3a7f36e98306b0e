/**
 * The body of `warp` matmul kernels, made for GPUs whose invocations run 32 at a time: each such
 * group owns 32 x 64 of the tile, as 4 x 8 invocations with 8 x 8 outputs, so that a step of k reads
 * 8 + 16 vec4s of workgroup memory for 32 x 64 multiply-adds. The order of invocations within the
 * workgroup is all that this needs; where they run in other groups the result is the same.
 *
 * What keeps the multiply loop free of other instructions:
 *
 * - k is unrolled over the tile's depth: rows of the tiles are constants, and the clamps that
 *   compilers of WGSL put on indices do not change within the loop, so they leave it;
 * - loads are of 4 elements, of rows or columns inside C's edges: a tile across an edge repeats what
 *   is before it, and only stores know about edges;
 * - addresses are counted up, and where K is a multiple of the depth, which is known when a launch
 *   is recorded (`wholeTurns`), loads have no test at all;
 * - what is under way stays in the operands' element type: half the registers for halves.
 *
 * A tile is stored k-major as vec4s along m (or n). An operand with rows along k is transposed in
 * blocks of 4 x 4; neighbouring invocations have neighbouring vec4s, so no two stores meet in a bank.
 *
 * With `packedSums`, tiles and the sums of one turn are of the operands' element type, so that halves
 * are multiplied and added two at a time; each turn's sums are then added in float32.
 *
 * @module
 */
import { keptBitsBytes, keptBitsFunctions } from "./kept_bits.ts";
import { type Side, sidesOf } from "./tile_sides.ts";
import { storeFunction } from "./tile_store.ts";
import { declarations, formulaComment, indent, origin, range, xyzw } from "./tile_plan.ts";
import type { TilePlan } from "./tile_plan.ts";

/** Invocations that run together, and their outputs. */
export const warp = { lanes: 32, rows: 32, columns: 64, micro: 8 } as const;

/** Lanes along n. */
const WARP_COLUMNS = 8;

/** Invocations of a workgroup. */
export function warpInvocations({ tileM, tileN }: Pick<TilePlan, "tileM" | "tileN">): number {
  return tileM * tileN / warp.micro ** 2;
}

/** Invocations of a workgroup, and its memory in bytes; packed sums are those of halves. */
export function warpResources(
  plan: TilePlan,
): { readonly workgroupSize: number; readonly workgroupBytes: number } {
  const { tileM, tileN, tileK, packedSums } = plan;
  const elementBytes = packedSums ? 2 : 4;
  const workgroupBytes = elementBytes * tileK * (tileM + tileN) + keptBitsBytes(plan);
  return { workgroupSize: warpInvocations(plan), workgroupBytes };
}

/** One operand and its loads. */
interface LoadedSide extends Side {
  /** Blocks of 4 x 4 (along k) or 1 x 4 elements that invocations load. */
  readonly items: number;
}

/** Loads of one item by some of the invocations. */
interface Load {
  readonly side: LoadedSide;
  /** Prefix of its variables; loads of different invocations may share them. */
  readonly name: string;
  /** First invocation and one past the last. */
  readonly invocations: readonly [from: number, to: number];
  /** Number of the item. */
  readonly item: string;
}

/** WGSL text of a `warp` plan, its workgroup size and its workgroup memory in bytes. */
export function warpTileSource(
  plan: TilePlan,
): { source: string; workgroupSize: number; workgroupBytes: number } {
  const { tileM, tileN, tileK, packedSums = false } = plan;
  const { workgroupSize, workgroupBytes } = warpResources(plan);
  const sides = sidesOf(plan, ({ extent, alongK }) => ({
    items: extent / 4 * tileK / (alongK ? 4 : 1),
  }));
  const loads = loadsOf(sides, workgroupSize);
  const type = packedSums ? "Value" : "f32";
  const warpsN = tileN / warp.columns;
  const source = [
    formulaComment(plan),
    `// Work split: ${workgroupSize} invocations own a ${tileM} x ${tileN} tile, 8 x 8 each: rows`,
    "// 4 (row_group + 4 i) + 0..3, columns 4 (column_group + 8 j) + 0..3.",
    "// c<i>_<j>: sums of row i of the micro-tile, its j-th group of 4 columns.",
    "",
    ...declarations(plan),
    ...sides.map(({ name, extent }) =>
      `var<workgroup> tile_${name}: array<array<vec4<${type}>, ${extent / 4}>, ${tileK}>;`
    ),
    "",
    ...keptBitsFunctions(plan, workgroupSize),
    ...storeFunction(plan),
    `@compute @workgroup_size(${workgroupSize})`,
    "fn main(",
    "  @builtin(workgroup_id) group: vec3<u32>,",
    "  @builtin(local_invocation_index) thread: u32,",
    ") {",
    ...indent(1, [
      ...origin(plan),
      `let warp = thread / ${warp.lanes}u;`,
      `let lane = thread % ${warp.lanes}u;`,
      `let row_group = warp / ${warpsN}u * ${warp.rows / 4}u + lane / ${WARP_COLUMNS}u;`,
      `let column_group = warp % ${warpsN}u * ${warp.columns / 4}u + lane % ${WARP_COLUMNS}u;`,
      ...sums("c").map((sum) => `var ${sum} = vec4<f32>(0.0);`),
      "let a_row = scalars.lda / 4u;",
      "let b_row = scalars.ldb / 4u;",
      "",
      "// First tiles into registers.",
      ...loadVariables(plan, loads),
      ...loads.flatMap((load) => only(load, workgroupSize, firstPlace(plan, load))),
      ...loads.flatMap((load) => only(load, workgroupSize, loadItem(plan, load))),
      `for (var k0 = k_begin; k0 < k_end; k0 += ${tileK}u) {`,
      ...indent(1, [
        "// Registers into workgroup memory, then the next tiles into registers.",
        ...loads.flatMap((load) => only(load, workgroupSize, stageItem(plan, load, type))),
        "workgroupBarrier();",
        `if (k0 + ${tileK}u < k_end) {`,
        ...indent(
          1,
          loads.flatMap((load) =>
            only(load, workgroupSize, [...advance(plan, load), ...loadItem(plan, load)])
          ),
        ),
        "}",
        ...(packedSums ? sums("p").map((sum) => `var ${sum} = vec4<${type}>(0.0);`) : []),
        ...range(tileK).flatMap((k) => multiplyStep(k, packedSums ? "p" : "c", type)),
        ...(packedSums ? sums("c").map((sum, i) => `${sum} += vec4<f32>(${sums("p")[i]});`) : []),
        "workgroupBarrier();",
      ]),
      "}",
      ...(plan.epilogue.dropout ? ["draw_masks(m0, n0, thread);", "workgroupBarrier();"] : []),
      "",
      ...range(8).flatMap((i) => {
        const row = `m0 + 4u * (row_group + ${4 * (i >> 2)}u) + ${i & 3}u`;
        return range(2).map((j) => {
          const column = `n0 + 4u * (column_group + ${WARP_COLUMNS * j}u)`;
          return `store_c(c_start, ${row}, ${column}, c${i}_${j});`;
        });
      }),
    ]),
    "}",
    "",
  ].join("\n");
  return { source, workgroupSize, workgroupBytes };
}

/** Names of an invocation's 8 x 8 sums. */
function sums(prefix: "c" | "p"): string[] {
  return range(8).flatMap((i) => range(2).map((j) => `${prefix}${i}_${j}`));
}

/**
 * Who loads what. Where both tiles have few items, each has invocations of its own, which share their
 * variables: so all of them load, and half the registers are enough.
 */
function loadsOf([a, b]: readonly [LoadedSide, LoadedSide], workgroupSize: number): Load[] {
  if (a.alongK && b.alongK && a.items + b.items <= workgroupSize) {
    return [
      { side: a, name: "next", invocations: [0, a.items], item: "thread" },
      {
        side: b,
        name: "next",
        invocations: [a.items, a.items + b.items],
        item: `(thread - ${a.items}u)`,
      },
    ];
  }
  return [a, b].flatMap((side) =>
    range(Math.ceil(side.items / workgroupSize)).map((i) => ({
      side,
      name: `${side.name}_next${i}`,
      invocations: [0, Math.min(workgroupSize, side.items - i * workgroupSize)] as const,
      item: i === 0 ? "thread" : `(thread + ${i * workgroupSize}u)`,
    }))
  );
}

/** Statements for the invocations of a load. */
function only(
  { invocations: [from, to] }: Load,
  workgroupSize: number,
  statements: readonly string[],
): string[] {
  const tests = [
    ...(from > 0 ? [`thread >= ${from}u`] : []),
    ...(to < workgroupSize ? [`thread < ${to}u`] : []),
  ];
  return [tests.length > 0 ? `if (${tests.join(" && ")}) {` : "{", ...indent(1, statements), "}"];
}

/** Vec4s that a load has under way. */
function registers({ side, name }: Load): string[] {
  return side.alongK ? range(4).map((r) => `${name}_${r}`) : [name];
}

function loadVariables({ wholeTurns = false }: TilePlan, loads: readonly Load[]): string[] {
  const lines = loads.flatMap((load) => [
    `var ${load.name}_at = 0u;`,
    ...(wholeTurns ? [] : [`var ${load.name}_k = 0u;`]),
    ...registers(load).map((register) => `var ${register} = vec4<Value>();`),
  ]);
  return [...new Set(lines)];
}

/** Position of an item: `group` of 4 along m or n, and the first `k`. */
function itemPlace({ tileK, packedSums }: TilePlan, { side, item }: Load): [string, string] {
  if (!side.alongK) return [`${item} % ${side.extent / 4}u`, `${item} / ${side.extent / 4}u`];
  // As many neighbours as one access of workgroup memory serves: 128 bytes.
  const neighbours = packedSums && side.extent % 64 === 0 ? 16 : 8;
  const blocks = tileK / 4;
  return [
    `${item} % ${neighbours}u + ${neighbours}u * (${item} / ${neighbours * blocks}u)`,
    `4u * (${item} / ${neighbours}u % ${blocks}u)`,
  ];
}

/** The address of the first item, in vec4s; rows and columns past the edge repeat the last ones. */
function firstPlace(plan: TilePlan, load: Load): string[] {
  const { side, name } = load;
  const [group, k] = itemPlace(plan, load);
  const last = side.alongK
    ? `scalars.${side.limit} - 1u`
    : `(scalars.${side.limit} - 1u) / 4u * 4u`;
  const ld = `scalars.ld${side.name}`;
  return [
    `let index = min(${side.origin} + 4u * (${group}), ${last});`,
    `let k = k_begin + ${k};`,
    `${name}_at = (${side.name}_start + ${
      side.alongK ? `index * ${ld} + k` : `k * ${ld} + index`
    }) / 4u;`,
    ...(plan.wholeTurns ? [] : [`${name}_k = k;`]),
  ];
}

/** Moves an item by one turn. */
function advance({ tileK, wholeTurns }: TilePlan, { side, name }: Load): string[] {
  return [
    `${name}_at += ${side.alongK ? `${tileK / 4}u` : `${tileK}u * ${side.name}_row`};`,
    ...(wholeTurns ? [] : [`${name}_k += ${tileK}u;`]),
  ];
}

/** Loads an item; zeros past the end of k. */
function loadItem({ wholeTurns }: TilePlan, load: Load): string[] {
  const { side, name } = load;
  const loaded = registers(load).map((register, r) => {
    const plus = r === 0 ? "" : r === 1 ? ` + ${side.name}_row` : ` + ${r}u * ${side.name}_row`;
    return `${register} = ${side.name}[${name}_at${plus}];`;
  });
  if (wholeTurns) return loaded;
  return [
    `if (${name}_k < k_end) {`,
    ...indent(1, loaded),
    "} else {",
    ...indent(1, registers(load).map((register) => `${register} = vec4<Value>();`)),
    "}",
  ];
}

/** Writes a loaded item to workgroup memory, k-major. */
function stageItem(plan: TilePlan, load: Load, type: string): string[] {
  const { side } = load;
  const [group, k] = itemPlace(plan, load);
  const names = registers(load);
  const tile = `tile_${side.name}`;
  return [
    `let group = ${group};`,
    `let k = ${k};`,
    ...(side.alongK
      ? range(4).map((e) =>
        `${tile}[k${e === 0 ? "" : ` + ${e}u`}][group] = vec4<${type}>(vec4(${
          names.map((register) => `${register}.${xyzw[e]!}`).join(", ")
        }));`
      )
      : [`${tile}[k][group] = vec4<${type}>(${names[0]});`]),
  ];
}

/** One step of k: 8 x 8 multiply-adds of an invocation. */
function multiplyStep(k: number, sum: "c" | "p", type: string): string[] {
  return [
    "{",
    ...indent(1, [
      `let a0 = tile_a[${k}][row_group];`,
      `let a1 = tile_a[${k}][row_group + 4u];`,
      `let b0 = tile_b[${k}][column_group];`,
      `let b1 = tile_b[${k}][column_group + ${WARP_COLUMNS}u];`,
      ...range(8).flatMap((i) =>
        range(2).map((j) => {
          const name = `${sum}${i}_${j}`;
          return `${name} = fma(vec4<${type}>(a${i >> 2}.${xyzw[i & 3]!}), b${j}, ${name});`;
        })
      ),
    ]),
    "}",
  ];
}
