/**
 * Matrix units of an adapter. WebGPU has them as an experimental feature of Dawn, which offers it
 * apart from the standard ones; naga, Deno's compiler, has no such feature.
 *
 * @module
 */
import { DeviceError } from "../base/errors.ts";
import type { MatrixUnits } from "../tensor/device_limits.ts";
import { type AdapterChoice, chooseAdapter, type NamedGpu } from "./adapter.ts";

/** Feature of devices with matrix units. */
export const MATRIX_UNITS_FEATURE = "chromium-experimental-subgroup-matrix";

/** Uses of matrix units that a user may ask for. */
export const MATRIX_UNITS_CHOICES = ["auto", "on", "off"] as const;

/** `auto`: those of a GPU, if it has any; `on`: also those of a software driver, an error without any. */
export type MatrixUnitsChoice = typeof MATRIX_UNITS_CHOICES[number];

/** A size of the feature, as an adapter lists it. */
export interface UnitSize {
  /** Element type of the operands. */
  readonly componentType: string;
  /** Element type of the result. */
  readonly resultComponentType: string;
  /** Rows of the result. */
  readonly M: number;
  /** Columns of the result. */
  readonly N: number;
  /** Length of the sums. */
  readonly K: number;
}

/** What an adapter tells of its subgroups and matrix units. */
export interface UnitInfo {
  /** Fewest invocations of a subgroup. */
  readonly subgroupMinSize: number;
  /** Most invocations of a subgroup. */
  readonly subgroupMaxSize: number;
  /** Sizes that its units multiply. */
  readonly subgroupMatrixConfigs?: Iterable<UnitSize> | undefined;
}

/** Kernels load eight halves at once, so that sizes are multiples of it. */
const OCTET = 8;

/** Sizes of tiles are multiples of it. */
const LARGEST = 16;

/**
 * The units that kernels use: the largest size that multiplies halves into float32 sums. Kernels count
 * subgroups when they are recorded, so subgroups must have one size.
 *
 * @returns undefined where there are none
 * @example
 * ```ts
 * import { matrixUnitsOf } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const halves = { componentType: "f16", resultComponentType: "f32", K: 16 };
 * const sizes = [{ ...halves, M: 16, N: 8 }, { ...halves, M: 16, N: 16 }];
 * const subgroups = { subgroupMinSize: 32, subgroupMaxSize: 32 };
 * assertEquals(matrixUnitsOf({ ...subgroups, subgroupMatrixConfigs: sizes }), {
 *   M: 16,
 *   N: 16,
 *   K: 16,
 *   lanes: 32,
 * });
 * ```
 */
export function matrixUnitsOf(
  { subgroupMinSize, subgroupMaxSize, subgroupMatrixConfigs = [] }: UnitInfo,
): MatrixUnits | undefined {
  if (subgroupMinSize !== subgroupMaxSize) return undefined;
  const [largest] = [...subgroupMatrixConfigs]
    .filter(({ componentType, resultComponentType }) =>
      componentType === "f16" && resultComponentType === "f32"
    )
    .filter(({ M, N, K }) => [M, N, K].every((size) => size % OCTET === 0 && LARGEST % size === 0))
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
  return largest &&
    { M: largest.M, N: largest.N, K: largest.K, lanes: subgroupMaxSize };
}

/**
 * The adapter with its matrix units, as far as they are wanted: devices opened on it use them for
 * products of halves. The experimental features of its implementation are enabled only here.
 *
 * @throws {DeviceError} when they are required and it has none
 */
export async function withMatrixUnits(
  choice: AdapterChoice,
  wanted: MatrixUnitsChoice,
): Promise<AdapterChoice> {
  if (wanted === "off" || (wanted === "auto" && choice.software)) return choice;
  const found = await findMatrixUnits(choice);
  if (found !== undefined) return found;
  if (wanted === "auto") return choice;
  throw new DeviceError(
    "unsupported",
    `Cannot use matrix units of "${choice.name}": ${choice.implementation ?? "Deno's WebGPU"} ` +
      "offers none that multiply float16 into float32 sums",
    { need: "an adapter with matrix units, or none" },
  );
}

/** The adapter with its matrix units, if it has any, and devices that use them. */
export async function findMatrixUnits(choice: AdapterChoice): Promise<AdapterChoice | undefined> {
  const gpu = (choice.gpu as Partial<NamedGpu>).experimental ?? choice.gpu;
  const found = await chooseAdapter(gpu);
  const matrixUnits = found && unitsOf(found);
  if (found === undefined || matrixUnits === undefined) return undefined;
  const features = [...found.features, MATRIX_UNITS_FEATURE];
  return { ...choice, gpu, adapter: found.adapter, features, matrixUnits };
}

function unitsOf({ adapter, features }: AdapterChoice): MatrixUnits | undefined {
  const has = adapter.features.has(MATRIX_UNITS_FEATURE as GPUFeatureName) &&
    ["shader-f16", "subgroups"].every((feature) => features.includes(feature));
  return has ? matrixUnitsOf(adapter.info) : undefined;
}
