/**
 * A WGSL kernel. Its bindings, `override` constants and uniform scalars are read from the source
 * itself, so nothing is declared twice:
 *
 * - `override NAME: u32;` changes the generated code (a tile size, a switch): one pipeline each;
 * - fields of `struct Scalars`, bound as `var<uniform> scalars`, are plain sizes and the numbers
 *   that change from run to run: they cost no compilation;
 * - storage bindings are the operands, by name;
 * - `@workgroup_size(...)`, numbers and `override` constants, turns the threads of a launch into
 *   workgroups;
 * - `alias Value = f32;` names an element type that a launch may narrow to f16: the operands bound
 *   with it decide. Such a source converts on every load, `f32(x[i])`, and on every store,
 *   `y[i] = Value(sum)`, so that arithmetic is float32 whatever the operands are;
 * - `alias Octet = vec4<u32>;` names eight halves as they lie in memory, for kernels that only move
 *   them: 16 bytes are the widest load. Operands bound with it are f16.
 *
 * @module
 */
import { ShaderError } from "../base/errors.ts";
import type { DType, Numbers } from "../tensor/dtype.ts";
import type { VectorCode } from "../wasm/vector_code.ts";
import { readWorkgroupSize, type SizeFactors } from "./workgroup_size.ts";

/** One storage binding of a kernel. */
export interface Binding {
  /** `@binding(index)`. */
  readonly index: number;
  /** Operand name. */
  readonly name: string;
  /** Access mode. */
  readonly access: "read" | "read_write";
  /** Element type of the array. */
  readonly dtype: DType;
  /** Elements per array item: 1, 2 or 4 for vectors, 8 for octets. */
  readonly width: number;
  /** Alias of the element type, if the source leaves it open. */
  readonly alias?: string;
}

/** One field of the uniform block. */
export interface ScalarField {
  /** Field name. */
  readonly name: string;
  /** Field type. */
  readonly type: "u32" | "f32" | "i32";
}

/** Whether a uniform field can store `value`; floats are rounded, so they store any number. */
export function fitsField(type: ScalarField["type"], value: number): boolean {
  if (type === "f32") return true;
  return type === "u32" ? value >>> 0 === value : (value | 0) === value;
}

/**
 * The same computation as plain loops: operands by WGSL name, then constants and scalars by name.
 * It runs in float64 for tests and float32 for `--device cpu`.
 */
export type Loops<Operands extends string, Sizes extends string> = (
  operands: Readonly<Record<Operands, Numbers>>,
  sizes: Readonly<Record<Sizes, number>>,
) => void;

/** Loops of any kernel. */
export type Reference = Loops<string, string>;

/** A kernel as its source declares it. */
export interface Kernel {
  /** Name in messages, in the plan and in pipeline labels. */
  readonly name: string;
  /** WGSL. */
  readonly source: string;
  /** Storage bindings in index order. */
  readonly bindings: readonly Binding[];
  /** Index of the uniform block, if there is one. */
  readonly scalarsBinding: number | undefined;
  /** Fields of the uniform block in order, 4 bytes each. */
  readonly scalars: readonly ScalarField[];
  /** `override` names; those with a default may be left out of a launch. */
  readonly constants: readonly { readonly name: string; readonly optional: boolean }[];
  /** Threads of a workgroup along x, y and z; undefined if the source declares none. */
  readonly workgroupSize: readonly SizeFactors[] | undefined;
  /** The same computation as plain loops. */
  readonly reference: Reference;
  /** The same computation of float32 operands for threads of a CPU, if plain loops are too slow. */
  readonly vectorCode?: VectorCode;
}

const BINDING =
  /@group\(0\)\s*@binding\((\d+)\)\s*var<\s*(storage|uniform)(?:\s*,\s*(read_write|read))?\s*>\s*(\w+)\s*:\s*([^;]+);/g;
const OVERRIDE = /^\s*override\s+(\w+)\s*(?::\s*\w+\s*)?(=)?/gm;
const ARRAY = /^\s*array<\s*(?:atomic<)?(?:vec([24])<)?\s*(\w+)\s*[>,]/;
const ALIAS = /^\s*alias\s+(\w+)\s*=\s*f32\s*;/gm;
const OCTET = /^\s*alias\s+Octet\s*=\s*vec4<u32>\s*;/m;
const DTYPES: readonly string[] = ["f32", "f16", "u32"] satisfies DType[];
/** The uniform block, with its fields. */
export const WGSL_SCALARS: RegExp = /struct\s+Scalars\s*\{([^}]*)\}/;
/** Comments of WGSL; without nested ones. */
export const WGSL_COMMENTS: RegExp = /\/\/[^\n]*|\/\*[^]*?\*\//g;

/**
 * Reads a kernel from its WGSL source. The type arguments name what the loops use: operands, then
 * constants and scalars.
 *
 * @throws {ShaderError} when a binding is not an array of f32, f16 or u32 (or of vectors of 2 or 4
 * of them; items of vec3 are padded), the uniform is not a `struct Scalars` of 4-byte numbers, or
 * the workgroup size is no product of numbers and `override` constants
 * @example
 * ```ts
 * import { kernel } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const twice = kernel<"x" | "y", "count" | "factor">("twice", `
 *   struct Scalars { count: u32, factor: f32 }
 *   @group(0) @binding(0) var<storage, read> x: array<f32>;
 *   @group(0) @binding(1) var<storage, read_write> y: array<f32>;
 *   @group(0) @binding(2) var<uniform> scalars: Scalars;
 * `, ({ x, y }, { count, factor }) => { for (let i = 0; i < count; i++) y[i] = factor * x[i]!; });
 * assertEquals(twice.bindings.map((b) => b.name), ["x", "y"]);
 * assertEquals(twice.scalars.map((s) => s.name), ["count", "factor"]);
 * ```
 */
export function kernel<Operands extends string = never, Sizes extends string = never>(
  name: string,
  source: string,
  loops: Loops<Operands, Sizes>,
  vectorCode?: VectorCode,
): Kernel {
  const bindings: Binding[] = [];
  let scalarsBinding: number | undefined;
  const code = source.replaceAll(WGSL_COMMENTS, "");
  const aliases = [...code.matchAll(ALIAS)].map(([, alias]) => alias!);
  for (const [, index, space, access, binding, type] of code.matchAll(BINDING)) {
    if (space === "uniform") {
      scalarsBinding = Number(index);
      continue;
    }
    const isOctets = type === "array<Octet>" && OCTET.test(code);
    const element = isOctets ? ["", "8", "f16"] : ARRAY.exec(type!);
    const alias = aliases.find((alias) => alias === element?.[2]);
    if (element === null || (alias === undefined && !DTYPES.includes(element[2]!))) {
      throw new ShaderError(
        `Cannot read kernel "${name}": binding "${binding}" is ${type}, expected an array of f32, f16 or u32`,
      );
    }
    bindings.push({
      index: Number(index),
      name: binding!,
      access: access === "read_write" ? "read_write" : "read",
      dtype: alias === undefined ? element[2] as DType : "f32",
      width: Number(element[1] ?? 1),
      ...(alias !== undefined && { alias }),
    });
  }
  bindings.sort((a, b) => a.index - b.index);
  const constants = [...code.matchAll(OVERRIDE)]
    .map(([, constant, fallback]) => ({ name: constant!, optional: fallback !== undefined }));
  return {
    name,
    source,
    bindings,
    scalarsBinding,
    scalars: scalarsBinding === undefined ? [] : scalarFields(name, code),
    constants,
    workgroupSize: readWorkgroupSize(name, code, constants.map((constant) => constant.name)),
    // A launch has exactly the names that the source declares.
    reference: loops as Reference,
    ...(vectorCode && { vectorCode }),
  };
}

const NARROWED = new WeakMap<Kernel, Map<string, Kernel>>();

/**
 * The kernel with its open element types as the operands have them: itself where all are f32.
 *
 * @throws {ShaderError} when operands of one alias have different dtypes
 * @example
 * ```ts
 * import { kernel, kernelFor } from "@transformer-xl/runtime";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const twice = kernel<"x" | "y">("twice", `
 *   alias Value = f32;
 *   @group(0) @binding(0) var<storage, read> x: array<Value>;
 *   @group(0) @binding(1) var<storage, read_write> y: array<Value>;
 *   @compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {
 *     y[id.x] = Value(2.0 * f32(x[id.x]));
 *   }
 * `, ({ x, y }) => { for (let i = 0; i < x.length; i++) y[i] = 2 * x[i]!; });
 * assertEquals(kernelFor(twice, { x: "f16", y: "f16" }).bindings.map((b) => b.dtype), ["f16", "f16"]);
 * assertThrows(() => kernelFor(twice, { x: "f16", y: "f32" }), SyntaxError, "share the element type");
 * ```
 */
export function kernelFor(
  general: Kernel,
  dtypes: Readonly<Record<string, DType | undefined>>,
): Kernel {
  const narrow = new Set<string>();
  for (const { name, alias } of general.bindings) {
    if (alias !== undefined && dtypes[name] === "f16") narrow.add(alias);
  }
  if (narrow.size === 0) return general;
  const wide = general.bindings.find(({ name, alias }) =>
    alias !== undefined && narrow.has(alias) && dtypes[name] === "f32"
  );
  if (wide !== undefined) {
    const other = general.bindings.find(({ name, alias }) =>
      alias === wide.alias && dtypes[name] === "f16"
    )!;
    throw new ShaderError(
      `Cannot launch "${general.name}": operands "${wide.name}" and "${other.name}" share the ` +
        `element type ${wide.alias}, but are f32 and f16`,
    );
  }
  const variants = NARROWED.get(general) ?? new Map<string, Kernel>();
  NARROWED.set(general, variants);
  const key = [...narrow].sort().join();
  let found = variants.get(key);
  if (found === undefined) {
    const source = general.source.replace(
      ALIAS,
      (whole, alias: string) => narrow.has(alias) ? whole.replace("f32", "f16") : whole,
    );
    found = {
      ...general,
      name: `${general.name}_f16`,
      source: `enable f16;\n${source}`,
      bindings: general.bindings.map((binding) => ({
        ...binding,
        dtype: binding.alias !== undefined && narrow.has(binding.alias) ? "f16" : binding.dtype,
      })),
    };
    variants.set(key, found);
  }
  return found;
}

function scalarFields(name: string, code: string): ScalarField[] {
  const body = WGSL_SCALARS.exec(code)?.[1];
  if (body === undefined) {
    throw new ShaderError(`Cannot read kernel "${name}": its uniform is not a "struct Scalars"`);
  }
  return body.split(",").map((field) => field.trim()).filter((field) => field !== "")
    .map((field) => {
      const match = /^(\w+)\s*:\s*(u32|f32|i32)$/.exec(field);
      if (match === null) {
        throw new ShaderError(
          `Cannot read kernel "${name}": field "${field}" of Scalars is not u32, i32 or f32`,
        );
      }
      return { name: match[1]!, type: match[2] as ScalarField["type"] };
    });
}
