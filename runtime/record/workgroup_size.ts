/**
 * The workgroup size declared in a kernel's source.
 *
 * @module
 */
import { ShaderError } from "../base/errors.ts";

/** Factors of the threads along one axis: numbers and names of `override` constants. */
export type SizeFactors = readonly (number | string)[];

const SIZE = /@workgroup_size\(([^)]*)\)/;

/**
 * Reads `@workgroup_size(x, y, z)`, each a product of numbers and `override` constants; undefined
 * if the source has none.
 *
 * @throws {ShaderError} when a size is anything else
 */
export function readWorkgroupSize(
  name: string,
  code: string,
  constants: readonly string[],
): readonly SizeFactors[] | undefined {
  const axes = SIZE.exec(code)?.[1];
  return axes?.split(",").map((axis) => axis.trim()).filter((axis) => axis !== "")
    .map((axis) =>
      axis.split("*").map((factor) => factor.trim()).map((factor) => {
        if (constants.includes(factor)) return factor;
        if (/^\d+u?$/.test(factor)) return parseInt(factor);
        throw new ShaderError(
          `Cannot read kernel "${name}": "${axis}" of its workgroup size is no product of numbers ` +
            "and override constants",
        );
      })
    );
}

/** Threads of a workgroup along x, y and z. */
export function workgroupSizeOf(
  size: readonly SizeFactors[],
  constants: Readonly<Record<string, number>>,
): [number, number, number] {
  const axis = (factors: SizeFactors = []) =>
    factors.reduce<number>(
      (product, factor) => product * (typeof factor === "number" ? factor : constants[factor]!),
      1,
    );
  return [axis(size[0]), axis(size[1]), axis(size[2])];
}
