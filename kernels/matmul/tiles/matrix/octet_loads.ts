/**
 * Loads of the operands of `matrix` kernels, eight halves at a time: items of a tile, which
 * invocations carry in registers from the buffers to workgroup memory. Rows and columns past the edge
 * of C repeat the last ones, since only stores know about edges.
 *
 * @module
 */
import { indent, range, type TilePlan } from "../tile_plan.ts";
import type { Side } from "../tile_sides.ts";

/** One operand and its place in workgroup memory, in items of eight halves. */
export interface OctetSide extends Side {
  /** Rows as they are stored: along m or n if their elements run along k, else along k. */
  readonly rows: number;
  /** Items of a row. */
  readonly perRow: number;
  /** Items from one row to the next. */
  readonly pitch: number;
  /** The first item. */
  readonly first: number;
}

/** The load of one item by some invocations. */
export interface ItemLoad {
  /** Its operand. */
  readonly side: OctetSide;
  /** Its register, and the prefix of its other variables. */
  readonly name: string;
  /** Number of the item. */
  readonly item: string;
  /** Invocations that have one. */
  readonly invocations: number;
}

/** The loads of both tiles. */
export function itemLoads(sides: readonly OctetSide[], workgroupSize: number): ItemLoad[] {
  return sides.flatMap((side) => {
    const items = side.rows * side.perRow;
    return range(Math.ceil(items / workgroupSize)).map((i) => ({
      side,
      name: `${side.name}_next${i}`,
      item: i === 0 ? "thread" : `(thread + ${i * workgroupSize}u)`,
      invocations: Math.min(workgroupSize, items - i * workgroupSize),
    }));
  });
}

/** Statements for the invocations of a load, in a scope. */
export function onlyWith(
  { invocations }: ItemLoad,
  workgroupSize: number,
  statements: readonly string[],
): string[] {
  const head = invocations < workgroupSize ? `if (thread < ${invocations}u) {` : "{";
  return [head, ...indent(1, statements), "}"];
}

/** The registers, and what is counted up from turn to turn. */
export function loadVariables(
  { wholeTurns = false }: TilePlan,
  loads: readonly ItemLoad[],
): string[] {
  return loads.flatMap(({ name }) => [
    `var ${name} = Octet();`,
    `var ${name}_at = 0u;`,
    ...(wholeTurns ? [] : [`var ${name}_k = 0u;`]),
  ]);
}

/** Position of an item in the tile: its row, and its number in the row. */
function itemPlace({ side: { perRow }, item }: ItemLoad): readonly [row: string, column: string] {
  return [`${item} / ${perRow}u`, `${item} % ${perRow}u`];
}

/** The address of the first item. */
export function firstItem({ wholeTurns = false }: TilePlan, load: ItemLoad): string[] {
  const { side: { name, limit, origin, alongK }, name: register } = load;
  const [row, column] = itemPlace(load);
  const last = alongK ? `scalars.${limit} - 1u` : `(scalars.${limit} - 1u) / 8u * 8u`;
  const ld = `scalars.ld${name}`;
  return [
    `let index = min(${origin} + ${alongK ? row : `8u * (${column})`}, ${last});`,
    `let k = k_begin + ${alongK ? `8u * (${column})` : row};`,
    `${register}_at = (${name}_start + ${
      alongK ? `index * ${ld} + k` : `k * ${ld} + index`
    }) / 8u;`,
    ...(wholeTurns ? [] : [`${register}_k = k;`]),
  ];
}

/** Moves an item by one turn. */
export function advanceItem({ tileK, wholeTurns = false }: TilePlan, load: ItemLoad): string[] {
  const { side: { name, alongK }, name: register } = load;
  return [
    `${register}_at += ${alongK ? `${tileK / 8}u` : `${tileK}u * ${name}_row`};`,
    ...(wholeTurns ? [] : [`${register}_k += ${tileK}u;`]),
  ];
}

/** Loads an item; zeros past the end of k. */
export function loadItem({ wholeTurns = false }: TilePlan, load: ItemLoad): string[] {
  const { side, name: register } = load;
  const loaded = `${register} = ${side.name}[${register}_at];`;
  if (wholeTurns) return [loaded];
  return [
    `if (${register}_k < k_end) {`,
    `  ${loaded}`,
    "} else {",
    `  ${register} = Octet();`,
    "}",
  ];
}

/** Writes a loaded item to workgroup memory. */
export function stageItem(load: ItemLoad): string[] {
  const { side: { first, pitch }, name } = load;
  const [row, column] = itemPlace(load);
  const behind = first === 0 ? "" : `${first}u + `;
  return [`tiles[${behind}${row} * ${pitch}u + ${column}] = ${name};`];
}
