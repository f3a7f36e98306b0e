/**
 * The recorder. Ops do not execute when called; they append kernel launches to it. The recording is
 * the tape of autograd, the input of the memory planner, the profile, the printed plan, and the
 * commands of every run.
 *
 * @module
 */
import type { DType, HostArray } from "../tensor/dtype.ts";
import { kernelFor } from "./kernel.ts";
import { checkLaunch, type Dispatch, dispatchOf, foldLaunch, type Launch } from "./launch.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { DeviceLimits } from "../tensor/device_limits.ts";
import { type BufferRange, Input, Scalar, Tensor, type Tensors } from "../tensor/tensor.ts";

/** What a plan does, in order. */
export type Command =
  | ({
    readonly kind: "launch";
    readonly label: string;
    /** True when the workgroups are dispatched as a box of another shape. */
    readonly folded?: boolean;
  } & Dispatch)
  | { readonly kind: "clear"; readonly label: string; readonly tensor: Tensor };

/** Memory a plan owns; tensors are views of buffers. */
export interface PlanBuffer {
  /** `temporary` buffers share slots; the others have memory of their own. */
  kind: "temporary" | "input" | "output" | "constant";
  /** Name in messages. */
  readonly label: string;
  /** Element type. */
  readonly dtype: DType;
  /** Elements. */
  length: number;
  /** Computes the values of a constant; a device that holds nothing never calls it. */
  readonly values?: () => HostArray;
}

/** Floating-point operations and bytes moved. */
export interface Cost {
  /** Multiplications and additions, each counted once. */
  readonly flops: number;
  /** Bytes read and written by an ideal implementation. */
  readonly bytes: number;
  /** Set when the work is proportional to a count given at run time: it is that of the capacity. */
  readonly extent?: { readonly scalar: Scalar; readonly capacity: number } | undefined;
}

/** One op invocation: an entry of the tape. */
export interface Node {
  /** Op name. */
  readonly name: string;
  /** Scopes around it, outermost first; see {@link Recorder.attribute}. */
  readonly scope: readonly string[];
  /** Inputs by name. */
  readonly inputs: Tensors;
  /** Outputs by name. */
  readonly outputs: Tensors;
  /** First and one past the last command it appended. */
  readonly commands: readonly [from: number, to: number];
  /** Its work. */
  readonly cost: Cost;
  /** Records the cotangents of the inputs; absent when it has no derivative. */
  readonly vjp:
    | ((grads: Tensors, wants: ReadonlySet<string>, gradients: Tensors) => Tensors)
    | undefined;
}

/** Options of {@link Recorder.node}; without `vjp` no gradient passes through. */
export type NodeOptions =
  & Pick<Node, "cost">
  & Partial<Pick<Node, "inputs" | "outputs" | "vjp">>;

/** Sum of the costs of all ops of a recording; counts without a value are at their capacity. */
export function totalCost(nodes: readonly Node[], counts?: ReadonlyMap<Scalar, number>): Cost {
  let [flops, bytes] = [0, 0];
  for (const { cost } of nodes) {
    const count = cost.extent && counts?.get(cost.extent.scalar);
    const share = count === undefined ? 1 : count / cost.extent!.capacity;
    flops += share * cost.flops;
    bytes += share * cost.bytes;
  }
  return { flops, bytes };
}

/**
 * Appends launches in order; owns every tensor it hands out.
 *
 * @example
 * ```ts
 * import { kernel, PORTABLE_LIMITS, Recorder } from "@transformer-xl/runtime";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const negate = kernel<"x" | "y">("negate", `
 *   @group(0) @binding(0) var<storage, read> x: array<f32>;
 *   @group(0) @binding(1) var<storage, read_write> y: array<f32>;
 *   @compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) { y[id.x] = -x[id.x]; }
 * `, ({ x, y }) => { for (let i = 0; i < x.length; i++) y[i] = -x[i]!; });
 *
 * const rec = new Recorder(PORTABLE_LIMITS);
 * const x = rec.input("x", [4], "f32");
 * const y = rec.temporary([4], "f32", "y");
 * rec.launch({ kernel: negate, operands: { x, y }, threads: 4 });
 * assertEquals(rec.commands.map(({ label }) => label), ["negate"]);
 * assertThrows(
 *   () => rec.launch({ kernel: negate, operands: { x }, threads: 4 }),
 *   SyntaxError,
 *   "operands [y] are not given",
 * );
 * ```
 */
export class Recorder {
  /** What the recording is for. */
  readonly limits: DeviceLimits;
  /** Launches and clears in order. */
  readonly commands: Command[] = [];
  /** The tape. */
  readonly nodes: Node[] = [];
  /** Memory by buffer number. */
  readonly buffers: PlanBuffer[] = [];
  /** Scalars handed out. */
  readonly scalars: Scalar[] = [];
  /** Values kept for inspection, by name. */
  readonly intermediates: Map<string, Tensor> = new Map();
  readonly #ranges = new WeakSet<BufferRange>();
  readonly #scopes: string[] = [];
  #nodeScope: readonly string[] = [];
  #atEnd: Map<unknown, () => void> | undefined;
  readonly #keepIntermediates: boolean;

  /** An empty recording; `intermediates` keeps the values that {@link Recorder.keepIntermediate} names. */
  constructor(limits: DeviceLimits, options: { readonly intermediates?: boolean } = {}) {
    this.limits = limits;
    this.#keepIntermediates = options.intermediates ?? false;
  }

  /** A tensor the host writes before every run. */
  input<D extends DType>(label: string, shape: Shape, dtype: D): Input<D> {
    const range = this.#buffer("input", label, dtype, sizeOf(shape));
    return new Input(shape, dtype, label, range) as Input<D>;
  }

  /** A number given at every run. */
  scalar(label: string): Scalar {
    const scalar = new Scalar(label);
    this.scalars.push(scalar);
    return scalar;
  }

  /**
   * A table that never changes, uploaded once with the plan.
   *
   * @param values the table, or a function that computes it, called only for devices that hold it
   * @throws {TypeError} when the number of values is not that of the shape, for a function when a
   * device is about to hold them
   */
  constant(
    label: string,
    shape: Shape,
    dtype: DType,
    values: HostArray | (() => HostArray),
  ): Tensor {
    const size = sizeOf(shape);
    const checked = (given: HostArray): HostArray => {
      if (given.length === size) return given;
      throw new TypeError(
        `Cannot record constant "${label}": ${given.length} values for shape [${shape}]`,
      );
    };
    if (typeof values !== "function") checked(values);
    const compute = typeof values === "function" ? () => checked(values()) : () => values;
    const range = this.#buffer("constant", label, dtype, size, compute);
    return new Tensor(shape, dtype, label, range);
  }

  /** A value computed and used within one run; its memory is shared by lifetime. */
  temporary(shape: Shape, dtype: DType, label: string): Tensor {
    const name = this.#qualified(label);
    return new Tensor(shape, dtype, name, this.#buffer("temporary", name, dtype, sizeOf(shape)));
  }

  /**
   * The same elements in another shape.
   *
   * @throws {TypeError} when the number of elements differs
   */
  alias(tensor: Tensor, shape: Shape): Tensor {
    if (sizeOf(shape) !== tensor.size) {
      throw new TypeError(
        `Cannot view "${tensor.label}" as [${shape}]: current shape is [${tensor.shape}]`,
      );
    }
    return new Tensor(shape, tensor.dtype, tensor.label, tensor.range);
  }

  /**
   * A handle of the same temporary with room for more elements; its memory is that of the longest.
   *
   * @throws {TypeError} when the tensor is no temporary of this recording
   */
  extended({ dtype, label, range }: Tensor, length: number): Tensor {
    const buffer = range.kind === "plan" && this.#ranges.has(range)
      ? this.buffers[range.buffer]
      : undefined;
    if (buffer?.kind !== "temporary") {
      throw new TypeError(`Cannot extend "${label}": it is no temporary of this recording`);
    }
    buffer.length = Math.max(buffer.length, length);
    return new Tensor([length], dtype, label, range);
  }

  /** Records `body`, and then what was put off in it to its end. */
  withEnd(body: () => void): void {
    const outer = this.#atEnd;
    const atEnd = this.#atEnd = new Map<unknown, () => void>();
    try {
      body();
    } finally {
      this.#atEnd = outer;
    }
    for (const record of atEnd.values()) record();
  }

  /**
   * Puts off `record` to the end of the innermost {@link withEnd}, once for each key; calls it at once
   * outside of one.
   */
  atEnd(key: unknown, record: () => void): void {
    if (this.#atEnd === undefined) record();
    else this.#atEnd.set(key, record);
  }

  /** Assigns an output its own memory, readable between runs. */
  keep(tensor: Tensor): void {
    const { range } = tensor;
    this.#checkOwn(tensor);
    if (range.kind === "plan" && this.buffers[range.buffer]!.kind === "temporary") {
      this.buffers[range.buffer]!.kind = "output";
    }
  }

  /** Keeps a value for inspection under `name` when the plan is recorded with intermediates. */
  keepIntermediate(tensor: Tensor, name: string): void {
    if (!this.#keepIntermediates) return;
    this.keep(tensor);
    this.intermediates.set(name, tensor);
  }

  /** Prefixes the labels of everything recorded inside `body`. */
  scope<T>(label: string, body: () => T): T {
    this.#scopes.push(label);
    try {
      return this.attribute([label], body);
    } finally {
      this.#scopes.pop();
    }
  }

  /** Adds scopes to the ops recorded inside `body`, whose labels stay: a gradient has its op's. */
  attribute<T>(scope: readonly string[], body: () => T): T {
    const before = this.#nodeScope;
    this.#nodeScope = [...before, ...scope];
    try {
      return body();
    } finally {
      this.#nodeScope = before;
    }
  }

  /** Sets every element to zero. */
  clear(tensor: Tensor): void {
    this.#checkOwn(tensor);
    this.commands.push({ kind: "clear", label: this.#qualified(`clear ${tensor.label}`), tensor });
  }

  /**
   * Appends a launch; open element types follow the operands. If a dimension exceeds the dispatch
   * limit, its workgroups are folded over the others.
   *
   * @throws {ShaderError} when operands, constants, scalars, dtypes or vector widths do not match
   * the kernel, the launch is given in threads and the kernel declares no workgroup size, one buffer
   * would be both read and written, a constant would be written, or the launch has more workgroups
   * than all three dimensions hold
   * @throws {TypeError} when an operand belongs to another recording
   */
  launch({ kernel: general, ...more }: Launch): void {
    for (const tensor of Object.values(more.operands)) this.#checkOwn(tensor);
    const dtypes = Object.entries(more.operands).map(([name, { dtype }]) => [name, dtype]);
    const kernel = kernelFor(general, Object.fromEntries(dtypes));
    const { maxWorkgroups } = this.limits;
    const requested: Launch = { kernel, ...more };
    checkLaunch(
      requested,
      ({ range }) => range.kind === "plan" && this.buffers[range.buffer]!.kind === "constant",
    );
    const launch = foldLaunch(dispatchOf(requested, maxWorkgroups), maxWorkgroups);
    this.commands.push({ kind: "launch", label: this.#qualified(launch.kernel.name), ...launch });
  }

  /**
   * Records `body` as one entry of the tape.
   *
   * @returns the result of `body`
   */
  node<T>(
    name: string,
    { inputs = {}, outputs = {}, cost, vjp }: NodeOptions,
    body: () => T,
  ): T {
    const from = this.commands.length;
    const result = body();
    const commands = [from, this.commands.length] as const;
    this.nodes.push({ name, scope: this.#nodeScope, inputs, outputs, commands, cost, vjp });
    return result;
  }

  #qualified(label: string): string {
    return [...this.#scopes, label].join("/");
  }

  #buffer(
    kind: PlanBuffer["kind"],
    label: string,
    dtype: DType,
    length: number,
    values?: () => HostArray,
  ) {
    this.buffers.push({ kind, label, dtype, length, ...(values && { values }) });
    const range = { kind: "plan", buffer: this.buffers.length - 1 } as const;
    this.#ranges.add(range);
    return range;
  }

  /** Buffer numbers of two recordings overlap: a foreign one would silently name other memory. */
  #checkOwn({ range, label }: Tensor): void {
    if (range.kind === "plan" && !this.#ranges.has(range)) {
      throw new TypeError(
        `Cannot use "${label}": it belongs to another recording; carry it in a state, or record both in one plan`,
      );
    }
  }
}
