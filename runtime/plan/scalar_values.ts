/**
 * Values of uniform fields, and workgroup counts that depend on a scalar.
 *
 * @module
 */
import { DeviceError } from "../base/errors.ts";
import { fitsField, type ScalarField } from "../record/kernel.ts";
import { foldedBox } from "../record/folded_kernel.ts";
import type { Count } from "../record/launch.ts";
import type { Command } from "../record/recorder.ts";
import { Scalar } from "../tensor/tensor.ts";

type LaunchCommand = Extract<Command, { kind: "launch" }>;

/** Values given to a run. */
export type ScalarValues = ReadonlyMap<Scalar, number>;

/**
 * Value of a scalar, or of one that follows it, for the scalars of a run.
 *
 * @throws {TypeError} when it is not an input of the plan
 */
export function scalarOf(value: number | Scalar, scalars: ScalarValues): number {
  if (typeof value === "number") return value;
  if (value.derived !== undefined) {
    const { from, base, limit, per = 1 } = value.derived;
    return Math.min(limit, Math.max(0, Math.ceil((scalarOf(from, scalars) - base) / per)));
  }
  const given = scalars.get(value);
  if (given === undefined) {
    throw new TypeError(`Cannot run: scalar "${value.label}" is not an input of the plan`);
  }
  return given;
}

/**
 * Value of a uniform field for the scalars of a run.
 *
 * @throws {RangeError} when an integer field cannot hold it
 */
export function fieldValue(
  { name, type }: ScalarField,
  value: number | Scalar,
  scalars: ScalarValues,
): number {
  const number = scalarOf(value, scalars);
  if (!fitsField(type, number)) {
    const label = value instanceof Scalar ? value.label : name;
    throw new RangeError(`Cannot run: scalar "${label}" is ${number}, field "${name}" is ${type}`);
  }
  return number;
}

/**
 * Workgroups to dispatch for a command and the scalars of a run; those of a folded launch as a box that
 * holds at least as many.
 *
 * @param most largest dispatch along one dimension
 * @throws {DeviceError} naming the command, when there are more
 */
export function workgroupsOf(
  { label, workgroups, folded }: LaunchCommand,
  scalars: ScalarValues,
  most: number,
): [number, number, number] {
  const resolve = (count: Count) =>
    typeof count === "number" ? count : Math.ceil(scalarOf(count.scalar, scalars) / count.per);
  const [x, y = 1, z = 1] = workgroups;
  const counts: [number, number, number] = [resolve(x), resolve(y), resolve(z)];
  if (folded) return foldedBox(counts[0] * counts[1] * counts[2], most);
  if (counts.some((count) => count > most)) {
    throw new DeviceError(
      "validation",
      `Cannot launch "${label}": ${counts.join("x")} workgroups, ` +
        `one dimension of this adapter holds ${most}`,
    );
  }
  return counts;
}

/** The parts of `count` commands that end before each of `cuts` and at the end: [from, to) of each. */
export function spans(cuts: readonly number[], count: number): [from: number, to: number][] {
  const ends = [...cuts.filter((cut) => cut > 0 && cut < count), count];
  return ends.map((to, i) => [ends[i - 1] ?? 0, to]);
}
