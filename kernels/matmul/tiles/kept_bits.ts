/**
 * Dropout masks of `workgroup` and `warp` tiles. A block of Philox is eight draws along a row, and the columns
 * of an invocation are four wide, so the tile's mask is drawn once by all invocations, as bits in
 * workgroup memory.
 *
 * @module
 */
import type { TilePlan } from "./tile_plan.ts";

/** Elements of one word of the mask. */
const WORD = 32;

/** Workgroup memory of the mask. */
export function keptBitsBytes({ tileM, tileN, epilogue }: TilePlan): number {
  return epilogue.dropout ? 4 * tileM * tileN / WORD : 0;
}

/**
 * `draw_masks(m0, n0, thread)`, before a barrier, and `kept_by_mask(row, column)` of four columns.
 * Empty for plans without dropout.
 */
export function keptBitsFunctions(plan: TilePlan, workgroupSize: number): string[] {
  if (!plan.epilogue.dropout) return [];
  const { tileM, tileN } = plan;
  const words = tileM * tileN / WORD;
  const perRow = tileN / WORD;
  return [
    "// Bit e of word w: whether element e of 32 along a row of the tile is kept.",
    `var<workgroup> kept_words: array<u32, ${words}>;`,
    "",
    "fn draw_masks(m0: u32, n0: u32, thread: u32) {",
    `  for (var w = thread; w < ${words}u; w += ${workgroupSize}u) {`,
    `    let element = (m0 + w / ${perRow}u) * scalars.N + n0 + ${WORD}u * (w % ${perRow}u);`,
    "    var bits = 0u;",
    "    for (var block = 0u; block < 4u; block++) {",
    "      let words = philox4x32_10(",
    "        vec4<u32>(element / 8u + block, scalars.step, scalars.stream, 0u),",
    "        vec2<u32>(scalars.seed, scalars.site),",
    "      );",
    "      bits |= kept_bits(words, scalars.threshold) << (8u * block);",
    "    }",
    "    kept_words[w] = bits;",
    "  }",
    "}",
    "",
    "fn kept_by_mask(row: u32, column: u32) -> vec4<bool> {",
    `  let at = (row % ${tileM}u) * ${tileN}u + column % ${tileN}u;`,
    `  let bits = vec4<u32>(kept_words[at / ${WORD}u] >> (at % ${WORD}u));`,
    "  return (bits & vec4<u32>(1u, 2u, 4u, 8u)) != vec4<u32>(0u);",
    "}",
    "",
  ];
}
