/**
 * The body of `workgroup` matmul kernels, made for GPUs: tiles of A and B staged in workgroup memory,
 * a register micro-tile per invocation, the next tiles loaded while the current ones are multiplied.
 *
 * Both tiles are stored k-major as vec4s along m (or n), so that the multiply loop reads whole
 * vec4s; an operand whose rows run along k is transposed on its way in. Everything outside the
 * operands is zero in workgroup memory, so only loads and stores know about edges.
 *
 * @module
 */
import { keptBitsBytes, keptBitsFunctions } from "./kept_bits.ts";
import { type Side, sidesOf } from "./tile_sides.ts";
import { storeFunction } from "./tile_store.ts";
import { declarations, formulaComment, indent, origin, range, xyzw } from "./tile_plan.ts";
import type { TilePlan } from "./tile_plan.ts";

/** One operand as it is stored. */
interface StagedSide extends Side {
  /** Vec4s from one k to the next. */
  readonly pitch: number;
}

/** WGSL text of a `workgroup` plan, its workgroup size and its workgroup memory in bytes. */
export function workgroupTileSource(
  plan: TilePlan,
): { source: string; workgroupSize: number; workgroupBytes: number } {
  const { tileM, tileN, tileK, microM, microN } = plan;
  const threadsM = tileM / microM;
  const threadsN = tileN / microN;
  const workgroupSize = threadsM * threadsN;
  // Transposing stores of neighbouring invocations go to neighbouring k; one vec4 of padding puts
  // them in different banks.
  const sides = sidesOf(plan, ({ extent, alongK }) => ({ pitch: extent / 4 + (alongK ? 1 : 0) }));
  const sums = range(microM).flatMap((i) => range(microN / 4).map((j) => `c${i}_${j}`));
  const source = [
    formulaComment(plan),
    `// Work split: ${workgroupSize} invocations own a ${tileM} x ${tileN} tile, ${microM} x ${microN} each:`,
    `// rows 4 (row_group + ${threadsM} i) + 0..3, columns 4 (column_group + ${threadsN} j) + 0..3.`,
    "// c<i>_<j>: sums of row i of the micro-tile, its j-th group of 4 columns.",
    "",
    ...declarations(plan),
    ...sides.map((s) => `var<workgroup> tile_${s.name}: array<vec4<f32>, ${tileK * s.pitch}>;`),
    "",
    ...sides.flatMap((s) => loadFunction(plan, s)),
    ...keptBitsFunctions(plan, workgroupSize),
    ...storeFunction(plan),
    `@compute @workgroup_size(${workgroupSize})`,
    "fn main(",
    "  @builtin(workgroup_id) group: vec3<u32>,",
    "  @builtin(local_invocation_index) thread: u32,",
    ") {",
    ...indent(1, [
      ...origin(plan),
      `let row_group = thread / ${threadsN}u;`,
      `let column_group = thread % ${threadsN}u;`,
      ...sums.map((sum) => `var ${sum} = vec4<f32>(0.0);`),
      "",
      "// First tiles into registers.",
      ...sides.flatMap((s) => loadTile(plan, s, workgroupSize, "k_begin", true)),
      `for (var k0 = k_begin; k0 < k_end; k0 += ${tileK}u) {`,
      ...indent(1, [
        "// Registers into workgroup memory, then the next tiles into registers.",
        ...sides.flatMap((s) => stageTile(plan, s, workgroupSize)),
        "workgroupBarrier();",
        ...sides.flatMap((s) => loadTile(plan, s, workgroupSize, `k0 + ${tileK}u`, false)),
        ...multiplyLoop(plan, sides, threadsM, threadsN),
        "workgroupBarrier();",
      ]),
      "}",
      ...(plan.epilogue.dropout ? ["draw_masks(m0, n0, thread);", "workgroupBarrier();"] : []),
      "",
      ...range(microM).flatMap((i) => {
        const row = `m0 + 4u * (row_group + ${threadsM * (i >> 2)}u) + ${i & 3}u`;
        return range(microN / 4).map((j) => {
          const column = `n0 + 4u * (column_group + ${threadsN * j}u)`;
          return `store_c(c_start, ${row}, ${column}, c${i}_${j});`;
        });
      }),
    ]),
    "}",
    "",
  ].join("\n");
  const tileBytes = 16 * tileK * (sides[0].pitch + sides[1].pitch);
  const workgroupBytes = tileBytes + keptBitsBytes(plan);
  return { source, workgroupSize, workgroupBytes };
}

/** `load_x(start, index, k, k_end)`: 4 consecutive elements (vec4) or one, zero outside the operand. */
function loadFunction(plan: TilePlan, side: Side): string[] {
  const { name, limit, alongK } = side;
  const type = plan.vec4 ? "vec4<f32>" : "f32";
  const at = alongK
    ? `start + index * scalars.ld${name} + k`
    : `start + k * scalars.ld${name} + index`;
  return [
    `fn load_${name}(start: u32, index: u32, k: u32, k_end: u32) -> ${type} {`,
    `  if (index < scalars.${limit} && k < k_end) {`,
    `    return ${type}(${name}[${plan.vec4 ? `(${at}) / 4u` : at}]);`,
    "  }",
    `  return ${plan.vec4 ? "vec4<f32>(0.0)" : "0.0"};`,
    "}",
    "",
  ];
}

/**
 * How an invocation's `item` maps to a piece of the tile: 4 indices at one k, or, transposing
 * vec4 loads, 4 indices at 4 values of k.
 */
function itemShape(plan: TilePlan, side: Side): { items: number; steps: number } {
  const steps = plan.vec4 && side.alongK ? 4 : 1;
  return { items: (side.extent / 4) * (plan.tileK / steps), steps };
}

/** Position of item `i` of this invocation: `index` within the tile (in groups of 4) and `k`. */
function itemPlace(plan: TilePlan, side: Side, thread: string): { group: string; k: string } {
  const { steps } = itemShape(plan, side);
  const kGroups = plan.tileK / steps;
  return side.alongK
    ? {
      group: `${thread} / ${kGroups}u`,
      k: `${steps === 1 ? "" : "4u * "}(${thread} % ${kGroups}u)`,
    }
    : { group: `${thread} % ${side.extent / 4}u`, k: `(${thread} / ${side.extent / 4}u)` };
}

/** Loads this invocation's items of one tile into `a_next<i>` (or `a_next<i>_<r>`, one per row). */
function loadTile(
  plan: TilePlan,
  side: Side,
  threads: number,
  k0: string,
  declare: boolean,
): string[] {
  const { items, steps } = itemShape(plan, side);
  const { name } = side;
  return range(Math.ceil(items / threads)).flatMap((i) => {
    const next = `${name}_next${i}`;
    const place = itemPlace(plan, side, i === 0 ? "thread" : `(thread + ${i * threads}u)`);
    const load = (r: number) =>
      `load_${name}(${name}_start, index${r === 0 ? "" : ` + ${r}u`}, k, k_end)`;
    const parts = steps === 4 || !plan.vec4 ? range(4) : [0];
    const loads = steps === 4
      ? parts.map((r) => `${next}_${r} = ${load(r)};`)
      : plan.vec4
      ? [`${next} = ${load(0)};`]
      : [`${next} = vec4<f32>(`, ...parts.map((r) => `  ${load(r)},`), ");"];
    const names = steps === 4 ? parts.map((r) => `${next}_${r}`) : [next];
    const rest = items - i * threads;
    return [
      ...(declare ? names.map((variable) => `var ${variable} = vec4<f32>(0.0);`) : []),
      rest < threads ? `if (thread < ${rest}u) {` : "{",
      ...indent(1, [
        `let index = ${side.origin} + 4u * (${place.group});`,
        `let k = ${k0} + ${place.k};`,
        ...loads,
      ]),
      "}",
    ];
  });
}

/** Writes the loaded items to workgroup memory, k-major. */
function stageTile(plan: TilePlan, side: StagedSide, threads: number): string[] {
  const { items, steps } = itemShape(plan, side);
  const { name, pitch } = side;
  return range(Math.ceil(items / threads)).flatMap((i) => {
    const next = `${name}_next${i}`;
    const place = itemPlace(plan, side, i === 0 ? "thread" : `(thread + ${i * threads}u)`);
    const rest = items - i * threads;
    return [
      rest < threads ? `if (thread < ${rest}u) {` : "{",
      ...indent(1, [
        `let at = ${place.k} * ${pitch}u + ${place.group};`,
        ...(steps === 1
          ? [`tile_${name}[at] = ${next};`]
          : range(4).map((e) =>
            `tile_${name}[at + ${e * pitch}u] = vec4<f32>(${
              range(4).map((r) => `${next}_${r}.${xyzw[e]!}`).join(", ")
            });`
          )),
      ]),
      "}",
    ];
  });
}

/** tileK steps of multiply-adds, 4 per turn. */
function multiplyLoop(
  plan: TilePlan,
  sides: readonly [StagedSide, StagedSide],
  threadsM: number,
  threadsN: number,
): string[] {
  const rowGroups = range(plan.microM / 4);
  const columnGroups = range(plan.microN / 4);
  const [pitchA, pitchB] = [sides[0].pitch, sides[1].pitch];
  return [
    `for (var k = 0u; k < ${plan.tileK}u; k += 4u) {`,
    ...indent(1, [
      `let a_at = k * ${pitchA}u + row_group;`,
      `let b_at = k * ${pitchB}u + column_group;`,
      ...range(4).flatMap((e) => [
        "{",
        ...indent(1, [
          ...rowGroups.map((g) => `let a${g} = tile_a[a_at + ${e * pitchA + g * threadsM}u];`),
          ...columnGroups.map((j) => `let b${j} = tile_b[b_at + ${e * pitchB + j * threadsN}u];`),
          ...range(plan.microM).flatMap((i) =>
            columnGroups.map((j) =>
              `c${i}_${j} = fma(vec4<f32>(a${i >> 2}.${xyzw[i & 3]!}), b${j}, c${i}_${j});`
            )
          ),
        ]),
        "}",
      ]),
    ]),
    "}",
  ];
}
