/**
 * Kernels for more workgroups along one dimension than an adapter dispatches.
 *
 * The workgroups of such a launch are numbered one by one, x fastest, and dispatched in a grid that
 * the adapter accepts. The kernel divides the number back into x, y and z, so that its source sees
 * the requested grid.
 *
 * @module
 */
import { ShaderError } from "../base/errors.ts";
import { type Kernel, WGSL_COMMENTS, WGSL_SCALARS } from "./kernel.ts";

const UNIFORM = /var<\s*uniform\s*>\s*(\w+)\s*:\s*Scalars/;
const MAIN = /@workgroup_size\(([^)]*)\)\s*fn\s+main\s*\(([^{]*)\)\s*\{/;
const PARAMETER = /@builtin\(\s*(\w+)\s*\)\s*(\w+)\s*:\s*[\w<>]+/g;

/** Uniform fields that a folded kernel adds: workgroups of the launch along x, y and z. */
export const FOLD_FIELDS = ["fold_x", "fold_y", "fold_z"] as const;

const ADDED = FOLD_FIELDS.map((name) => ({ name, type: "u32" as const }));

const FOLDED = new WeakMap<Kernel, Kernel>();

/**
 * The kernel for a dispatch of any shape with at least as many workgroups as the launch asks for:
 * `workgroup_id`, `num_workgroups` and `global_invocation_id` are those of the launch, and surplus
 * workgroups return at once.
 *
 * @throws {ShaderError} when the entry point is not `@workgroup_size(...) fn main(...)` with
 * built-in parameters
 */
export function foldedKernel(kernel: Kernel): Kernel {
  let found = FOLDED.get(kernel);
  if (found === undefined) {
    found = fold(kernel);
    FOLDED.set(kernel, found);
  }
  return found;
}

function fold(kernel: Kernel): Kernel {
  const code = kernel.source.replaceAll(WGSL_COMMENTS, "");
  const main = MAIN.exec(code);
  if (main === null) {
    throw new ShaderError(
      `Cannot fold the workgroups of "${kernel.name}": its source has no entry point "main" with a ` +
        "workgroup size",
    );
  }
  const block = UNIFORM.exec(code)?.[1] ?? "scalars";
  const scalarsBinding = kernel.scalarsBinding ??
    1 + Math.max(-1, ...kernel.bindings.map(({ index }) => index));
  const fields = ADDED.map(({ name, type }) => `${name}: ${type}`).join(", ");
  const entry = entryPoint(main[1]!, main[2]!, block);
  const folded = code.replace(main[0], () => entry);
  const source = kernel.scalarsBinding === undefined
    ? `${folded}
struct Scalars { ${fields} }
@group(0) @binding(${scalarsBinding}) var<uniform> ${block}: Scalars;`
    : folded.replace(
      WGSL_SCALARS,
      (_, body: string) => `struct Scalars { ${body.trim().replace(/,$/, "")}, ${fields} }`,
    );
  return {
    ...kernel,
    name: `${kernel.name}_folded`,
    source,
    scalarsBinding,
    scalars: [...kernel.scalars, ...ADDED],
  };
}

/** `main` with the built-ins that depend on the grid computed from the workgroup's number. */
function entryPoint(size: string, parameters: string, block: string): string {
  const given = [...parameters.matchAll(PARAMETER)];
  const nameOf = (builtin: string) => given.find(([, found]) => found === builtin)?.[2];
  const kept = given.filter(([, builtin]) => /^(local|subgroup)_/.test(builtin!))
    .map(([text]) => text);
  const [sizeX, sizeY = "1", sizeZ = "1"] = size.split(",").map((part) => `(${part.trim()})`);
  const lets = [
    ["num_workgroups", "fold_counts"],
    ["workgroup_id", "fold_at"],
    [
      "global_invocation_id",
      `vec3<u32>(fold_at.x * ${sizeX} + fold_thread.x, fold_at.y * ${sizeY} + fold_thread.y, ` +
      `fold_at.z * ${sizeZ} + fold_thread.z)`,
    ],
  ].flatMap(([builtin, value]) => {
    const name = nameOf(builtin!);
    return name === undefined ? [] : [`  let ${name} = ${value};`];
  });
  return `@workgroup_size(${size})
fn main(
  @builtin(workgroup_id) fold_group: vec3<u32>,
  @builtin(num_workgroups) fold_groups: vec3<u32>,
  ${nameOf("local_invocation_id") ? "" : "@builtin(local_invocation_id) fold_thread: vec3<u32>,"}
  ${kept.join(",\n  ")}
) {
${
    nameOf("local_invocation_id")
      ? `  let fold_thread = ${nameOf("local_invocation_id")};\n`
      : ""
  }  let fold_number = fold_group.x + fold_groups.x * (fold_group.y + fold_groups.y * fold_group.z);
  let fold_counts = vec3<u32>(${FOLD_FIELDS.map((name) => `${block}.${name}`).join(", ")});
  if (fold_number >= fold_counts.x * fold_counts.y * fold_counts.z) {
    return;
  }
  let fold_at = vec3<u32>(
    fold_number % fold_counts.x,
    fold_number / fold_counts.x % fold_counts.y,
    fold_number / fold_counts.x / fold_counts.y,
  );
${lets.join("\n")}
`;
}

/** The smallest grid of at most `most` along each side with `count` workgroups; x is longest. */
export function foldedBox(count: number, most: number): [number, number, number] {
  if (count === 0) return [0, 0, 0];
  const z = Math.ceil(count / most ** 2);
  const y = Math.ceil(count / (most * z));
  return [Math.ceil(count / (y * z)), y, z];
}
