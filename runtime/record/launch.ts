/**
 * Kernel launches: their form, their checks, and their workgroups.
 *
 * @module
 */
import { ShaderError } from "../base/errors.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { FOLD_FIELDS, foldedKernel } from "./folded_kernel.ts";
import { fitsField, type Kernel } from "./kernel.ts";
import { workgroupSizeOf } from "./workgroup_size.ts";

/**
 * Workgroups or threads along one axis: frozen, or `ceil(scalar / per)` at every run, with the largest value of
 * the scalar as `capacity`.
 */
export type Count =
  | number
  | { readonly scalar: Scalar; readonly per: number; readonly capacity?: number };

/** One kernel launch, as a plan replays it. */
export interface Dispatch {
  /** What to run. */
  readonly kernel: Kernel;
  /** Operands by WGSL name. */
  readonly operands: Readonly<Record<string, Tensor>>;
  /** `override` values by name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Uniform fields by name; a plain number is frozen, a {@link Scalar} is given at every run. */
  readonly scalars?: Readonly<Record<string, number | Scalar>>;
  /** Workgroups along x, y, z. */
  readonly workgroups: readonly [x: Count, y?: Count, z?: Count];
}

/** Extents along x, y and z; a number is wrapped over y if x would be too long. */
export type Grid = number | Dispatch["workgroups"];

/**
 * A kernel launch requested by an op: in threads, divided by the declared workgroup size, or in
 * workgroups if each computes a tile or a row.
 */
export type Launch =
  & Omit<Dispatch, "workgroups">
  & (
    | { readonly threads: Grid; readonly workgroups?: never }
    | { readonly workgroups: Grid; readonly threads?: never }
  );

/**
 * The launch with its workgroups counted.
 *
 * @param most largest dispatch along one dimension
 * @throws {ShaderError} when it is given by threads, and its kernel declares no workgroup size or one
 * of constants that the launch leaves out
 */
export function dispatchOf({ threads, workgroups, ...launch }: Launch, most: number): Dispatch {
  if (workgroups !== undefined) return { ...launch, workgroups: gridOf(workgroups, most) };
  const { kernel, constants = {} } = launch;
  if (kernel.workgroupSize === undefined) {
    throw new ShaderError(
      `Cannot launch "${kernel.name}" by threads: its source has no workgroup size`,
    );
  }
  const [x, y, z] = workgroupSizeOf(kernel.workgroupSize, constants);
  if (Number.isNaN(x * y * z)) {
    throw new ShaderError(
      `Cannot launch "${kernel.name}" by threads: its workgroup size needs constants that are not ` +
        "given",
    );
  }
  if (typeof threads === "number") {
    return { ...launch, workgroups: gridOf(Math.ceil(threads / (x * y * z)), most) };
  }
  const sizes = [x, y, z];
  const counts = threads.map((count, axis) => divided(count!, sizes[axis]!));
  return { ...launch, workgroups: counts as readonly Count[] as Dispatch["workgroups"] };
}

function divided(count: Count, size: number): Count {
  return typeof count === "number" ? Math.ceil(count / size) : { ...count, per: count.per * size };
}

/** A line of workgroups wrapped over y; any other grid as it is. */
function gridOf(grid: Grid, most: number): Dispatch["workgroups"] {
  if (typeof grid !== "number") return grid;
  const x = Math.min(grid, most);
  return [x, x === 0 ? 0 : Math.ceil(grid / x)];
}

/**
 * Checks a launch against the declarations of its kernel.
 *
 * @param isConstant whether the operand is read-only memory
 * @throws {ShaderError} naming the operand, constant or scalar that does not match
 */
export function checkLaunch(
  { kernel, operands, constants = {}, scalars = {} }: Launch,
  isConstant: (operand: Tensor) => boolean,
): void {
  const fail = (why: string): never => {
    throw new ShaderError(`Cannot launch "${kernel.name}": ${why}`);
  };
  const compare = (what: string, wanted: readonly string[], given: readonly string[]) => {
    const lacking = wanted.filter((name) => !given.includes(name));
    const unknown = given.filter((name) => !wanted.includes(name));
    if (lacking.length > 0) fail(`${what} [${lacking}] are not given`);
    if (unknown.length > 0) fail(`${what} [${unknown}] are not declared`);
  };
  compare("operands", kernel.bindings.map((b) => b.name), Object.keys(operands));
  compare("scalars", kernel.scalars.map((s) => s.name), Object.keys(scalars));
  const optional = kernel.constants.filter((c) => c.optional && !(c.name in constants));
  compare(
    "constants",
    kernel.constants.map((c) => c.name),
    [...Object.keys(constants), ...optional.map((c) => c.name)],
  );
  for (const { name, type } of kernel.scalars) {
    const value = scalars[name]!;
    if (typeof value === "number" && !fitsField(type, value)) {
      fail(`scalar "${name}" is ${value}, expected ${type}`);
    }
  }
  const access = new Map<unknown, "read" | "read_write">();
  for (const binding of kernel.bindings) {
    const tensor = operands[binding.name]!;
    if (tensor.dtype !== binding.dtype) {
      fail(`operand "${binding.name}" is ${tensor.dtype}, expected ${binding.dtype}`);
    }
    if (tensor.size % binding.width !== 0) {
      fail(
        `operand "${binding.name}" has ${tensor.size} elements, not a multiple of ${binding.width}`,
      );
    }
    const { range } = tensor;
    if (binding.access === "read_write" && isConstant(tensor)) {
      fail(`operand "${binding.name}" is written, but "${tensor.label}" is a constant`);
    }
    const memory = range.kind === "plan" ? range.buffer : range.storage;
    const before = access.get(memory);
    if (before !== undefined && (before === "read_write" || binding.access === "read_write")) {
      fail(`operand "${binding.name}" shares a buffer with another operand that is written`);
    }
    access.set(memory, binding.access);
  }
}

/**
 * The launch within the limits: unchanged, or with a folded kernel that receives the counts.
 *
 * @throws {ShaderError} when its workgroups exceed three dimensions
 */
export function foldLaunch(
  launch: Dispatch,
  most: number,
): Dispatch & { readonly folded?: boolean } {
  const counts = [0, 1, 2].map((axis) => launch.workgroups[axis] ?? 1);
  const largest = counts.map(largestCount);
  if (largest.every((count) => count <= most)) return launch;
  const total = largest.reduce((product, count) => product * count, 1);
  if (total > Math.min(most ** 3, 2 ** 32 - 1)) {
    throw new ShaderError(
      `Cannot launch "${launch.kernel.name}": it has ${largest.join(" x ")} workgroups, this ` +
        `adapter holds ${most} along each of three dimensions`,
    );
  }
  const fields = counts.map((count) =>
    typeof count === "number" ? count : count.scalar.dividedBy(count.per)
  );
  return {
    ...launch,
    folded: true,
    kernel: foldedKernel(launch.kernel),
    scalars: {
      ...launch.scalars,
      ...Object.fromEntries(FOLD_FIELDS.map((name, axis) => [name, fields[axis]!])),
    },
  };
}

/** Maximum number of workgroups of a count; 0 if its scalar is unbounded before a run. */
function largestCount(count: Count): number {
  if (typeof count === "number") return count;
  const capacity = count.capacity ?? count.scalar.derived?.limit ?? 0;
  return Math.ceil(capacity / count.per);
}
