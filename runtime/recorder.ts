/**
 * Recording. Ops never execute when called: they append kernel launches here. The one list is at
 * once the tape that autograd walks, the input of the memory planner, the profile, the printable
 * plan, and what every step replays.
 *
 * @module
 */
import type { DType, HostArray } from "./dtype.ts";
import { ShaderError } from "./errors.ts";
import type { Kernel } from "./kernel.ts";
import { type Shape, sizeOf } from "./shape.ts";
import type { Target } from "./target.ts";
import { Input, Scalar, Tensor, type Tensors } from "./tensor.ts";

/** Workgroups along one axis: frozen, or `ceil(scalar / per)` at every run. */
export type Count = number | { readonly scalar: Scalar; readonly per: number };

/** One kernel launch, as an op asks for it. */
export interface Launch {
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

/** What a plan does, in order. */
export type Step =
  | ({ readonly kind: "launch"; readonly label: string } & Launch)
  | { readonly kind: "clear"; readonly label: string; readonly tensor: Tensor };

/** Memory a plan owns; tensors are views of roots. */
export interface Root {
  /** `temporary` roots share slots; the others have memory of their own. */
  kind: "temporary" | "input" | "output" | "constant";
  /** Name in messages. */
  readonly label: string;
  /** Element type. */
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
  /** Values of a constant. */
  readonly values?: HostArray;
}

/** Floating-point operations and bytes moved. */
export interface Cost {
  /** Multiplications and additions, each counted once. */
  readonly flops: number;
  /** Bytes read and written by an ideal implementation. */
  readonly bytes: number;
}

/** One op invocation: an entry of the tape. */
export interface Node {
  /** Op name. */
  readonly name: string;
  /** Inputs by name. */
  readonly inputs: Tensors;
  /** Outputs by name. */
  readonly outputs: Tensors;
  /** First and one past the last step it appended. */
  readonly steps: readonly [from: number, to: number];
  /** Work it stands for. */
  readonly cost: Cost;
  /** Records the cotangents of the inputs; absent when it has no derivative. */
  readonly vjp:
    | ((grads: Tensors, wants: ReadonlySet<string>, sinks: Tensors) => Tensors)
    | undefined;
}

/** Sum of the costs of all ops of a recording. */
export function totalCost(nodes: readonly Node[]): Cost {
  return nodes.reduce(
    (sum, { cost }) => ({ flops: sum.flops + cost.flops, bytes: sum.bytes + cost.bytes }),
    { flops: 0, bytes: 0 },
  );
}

/** Appends launches in order; owns every tensor it hands out. */
export class Recorder {
  /** What the recording is for. */
  readonly target: Target;
  /** Launches and clears in order. */
  readonly steps: Step[] = [];
  /** The tape. */
  readonly nodes: Node[] = [];
  /** Memory by root number. */
  readonly roots: Root[] = [];
  /** Scalars handed out. */
  readonly scalars: Scalar[] = [];
  /** Values kept for inspection, by name. */
  readonly taps: Map<string, Tensor> = new Map();
  readonly #scopes: string[] = [];
  readonly #keepTaps: boolean;

  constructor(target: Target, options: { readonly taps?: boolean } = {}) {
    this.target = target;
    this.#keepTaps = options.taps ?? false;
  }

  /** A tensor the host writes before every run. */
  input<D extends DType>(label: string, shape: Shape, dtype: D): Input<D> {
    return new Input(
      shape,
      dtype,
      label,
      this.#root("input", label, dtype, sizeOf(shape)),
    ) as Input<
      D
    >;
  }

  /** A number given at every run. */
  scalar(label: string): Scalar {
    const scalar = new Scalar(label);
    this.scalars.push(scalar);
    return scalar;
  }

  /** A table that never changes, uploaded once with the plan. */
  constant(label: string, shape: Shape, dtype: DType, values: HostArray): Tensor {
    if (values.length !== sizeOf(shape)) {
      throw new TypeError(
        `Cannot record constant "${label}": ${values.length} values for shape [${shape}]`,
      );
    }
    return new Tensor(
      shape,
      dtype,
      label,
      this.#root("constant", label, dtype, values.length, values),
    );
  }

  /** A value computed and used within one run; its memory is shared by lifetime. */
  temporary(shape: Shape, dtype: DType, label: string): Tensor {
    const name = this.#qualified(label);
    return new Tensor(shape, dtype, name, this.#root("temporary", name, dtype, sizeOf(shape)));
  }

  /** The same elements in another shape. */
  alias(tensor: Tensor, shape: Shape): Tensor {
    if (sizeOf(shape) !== tensor.size) {
      throw new TypeError(
        `Cannot view "${tensor.label}" as [${shape}]: current shape is [${tensor.shape}]`,
      );
    }
    return new Tensor(shape, tensor.dtype, tensor.label, tensor.place);
  }

  /** Gives an output memory of its own, readable between runs. */
  keep(tensor: Tensor): void {
    const { place } = tensor;
    if (place.kind === "root" && this.roots[place.root]!.kind === "temporary") {
      this.roots[place.root]!.kind = "output";
    }
  }

  /** Keeps a value for inspection under `name` when the plan is recorded with taps. */
  tap(tensor: Tensor, name: string): void {
    if (!this.#keepTaps) return;
    this.keep(tensor);
    this.taps.set(name, tensor);
  }

  /** Prefixes the labels of everything recorded inside `body`. */
  scope<T>(label: string, body: () => T): T {
    this.#scopes.push(label);
    try {
      return body();
    } finally {
      this.#scopes.pop();
    }
  }

  /** Sets every element to zero. */
  clear(tensor: Tensor): void {
    this.steps.push({ kind: "clear", label: this.#qualified(`clear ${tensor.label}`), tensor });
  }

  /**
   * Appends one launch.
   *
   * @throws {ShaderError} when operands, constants, scalars, dtypes or vector widths do not match
   * the kernel, or one buffer would be both read and written
   */
  launch(launch: Launch): void {
    checkLaunch(launch);
    this.steps.push({ kind: "launch", label: this.#qualified(launch.kernel.name), ...launch });
  }

  #qualified(label: string): string {
    return [...this.#scopes, label].join("/");
  }

  #root(kind: Root["kind"], label: string, dtype: DType, length: number, values?: HostArray) {
    this.roots.push({ kind, label, dtype, length, ...(values && { values }) });
    return { kind: "root", root: this.roots.length - 1 } as const;
  }
}

function checkLaunch({ kernel, operands, constants = {}, scalars = {} }: Launch): void {
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
    const { place } = tensor;
    const memory = place.kind === "root" ? place.root : place.storage;
    const before = access.get(memory);
    if (before !== undefined && (before === "read_write" || binding.access === "read_write")) {
      fail(`operand "${binding.name}" shares a buffer with another operand that is written`);
    }
    access.set(memory, binding.access);
  }
}
