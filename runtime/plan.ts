/**
 * A plan: a compiled recording that can be run again and again, read, printed and profiled.
 *
 * @module
 */
import type { HostArray } from "./dtype.ts";
import { DeviceError } from "./errors.ts";
import type { Executable, Reader, Recording, StorageRange } from "./executor.ts";
import { type Cost, type Count, type Step, totalCost } from "./recorder.ts";
import type { Input, Role, Scalar, Tensor } from "./tensor.ts";

/** What a run is given: tensors and numbers. */
export type PlanInputs = Readonly<Record<string, Input | Scalar>>;

/** What can be read between runs. */
export type PlanOutputs = Readonly<Record<string, Tensor>>;

type HostOf<T> = T extends Scalar ? number
  : T extends Input<"u32"> ? Uint32Array<ArrayBuffer>
  : Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Values of one run, by input name. */
export type RunValues<I extends PlanInputs> = { readonly [K in keyof I]: HostOf<I[K]> };

/** Time of one op in a profile. */
export interface OpTime {
  /** Op or launch label. */
  readonly label: string;
  /** Milliseconds on the device. */
  readonly elapsedMs: number;
  /** Work of the op. */
  readonly cost: Cost;
}

/** A recording, ready to run. */
export class Plan<I extends PlanInputs, O extends PlanOutputs> implements Disposable {
  /** Name in messages. */
  readonly label: string;
  /** Work of one run with every count at its capacity. */
  readonly cost: Cost;
  /** Kernel launches of one run. */
  readonly launchCount: number;
  readonly #device: Reader;
  readonly #recording: Recording;
  readonly #executable: Executable;
  readonly #inputs: I;
  readonly #outputs: O;
  readonly #taps: ReadonlyMap<string, Tensor>;
  #disposed = false;

  constructor(
    device: Reader,
    recording: Recording,
    executable: Executable,
    inputs: I,
    outputs: O,
    taps: ReadonlyMap<string, Tensor>,
  ) {
    this.label = recording.label;
    this.cost = totalCost(recording.nodes);
    this.launchCount = recording.steps.filter(({ kind }) => kind === "launch").length;
    this.#device = device;
    this.#recording = recording;
    this.#executable = executable;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#taps = taps;
  }

  /** Bytes this plan owns, by role. */
  get bytes(): Readonly<Partial<Record<Role, number>>> {
    return this.#executable.bytes;
  }

  /** Names of the outputs. */
  get outputNames(): readonly string[] {
    return Object.keys(this.#outputs);
  }

  /** Names of the values kept for inspection. */
  get taps(): readonly string[] {
    return [...this.#taps.keys()];
  }

  /**
   * Uploads the values, encodes every launch and submits. Returns at once.
   *
   * @throws {TypeError} when a value is missing or has the wrong number of elements
   */
  run(values: RunValues<I>): void {
    const { inputs, scalars } = this.#bind(values);
    this.#executable.run(inputs, scalars);
  }

  /** Runs once with a timestamp around every launch and returns the time of every op. */
  async profile(values: RunValues<I>): Promise<OpTime[]> {
    const { inputs, scalars } = this.#bind(values);
    const times = await this.#executable.profile(inputs, scalars);
    return this.#recording.nodes.filter(({ steps: [from, to] }) => to > from)
      .map(({ name, steps: [from, to], cost }) => ({
        label: to - from === 1 ? this.#recording.steps[from]!.label : name,
        elapsedMs: times.slice(from, to).reduce((sum, ms) => sum + ms, 0),
        cost,
      }));
  }

  /** Copies of outputs or taps of the latest run. Waits for the device. */
  async read<K extends (keyof O & string) | string>(
    ...names: K[]
  ): Promise<{ readonly [P in K]: HostArray }> {
    const arrays = await this.#device.read(names.map((name) => this.#range(name)));
    return Object.fromEntries(names.map((name, i) => [name, arrays[i]!])) as {
      readonly [P in K]: HostArray;
    };
  }

  /** One line per step: number, label, operands with shapes and slots, workgroups. */
  toString(): string {
    const lines = this.#recording.steps.map((step, i) =>
      `${String(i).padStart(4)} ${this.#line(step)}`
    );
    return [`plan "${this.label}": ${this.launchCount} launches`, ...lines, ""].join("\n");
  }

  /** Frees what the plan owns. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#executable[Symbol.dispose]();
  }

  #bind(values: Readonly<Record<string, unknown>>) {
    if (this.#disposed) throw new TypeError(`Cannot run plan "${this.label}": it was disposed`);
    const inputs = new Map<number, HostArray>();
    const scalars = new Map<Scalar, number>();
    for (const [name, input] of Object.entries(this.#inputs)) {
      const value = values[name];
      if (input.role === "scalar") {
        if (typeof value !== "number") {
          throw new TypeError(`Cannot run plan "${this.label}": scalar "${name}" is not a number`);
        }
        scalars.set(input, value);
      } else {
        const array = value as HostArray | undefined;
        if (array?.length !== input.size) {
          throw new TypeError(
            `Cannot run plan "${this.label}": input "${name}" has ${
              array?.length ?? "no"
            } elements, ` +
              `expected shape [${input.shape}]`,
          );
        }
        if (input.place.kind === "root") inputs.set(input.place.root, array);
      }
    }
    return { inputs, scalars };
  }

  #range(name: string): StorageRange {
    const tensor = this.#outputs[name] ?? this.#taps.get(name);
    if (tensor === undefined) {
      throw new DeviceError(
        "validation",
        `Cannot read "${name}" of plan "${this.label}": no such output`,
      );
    }
    const { place } = tensor;
    return place.kind === "storage"
      ? { storage: place.storage, offset: place.offset, length: tensor.size }
      : { storage: this.#executable.storageOf(place.root), offset: 0, length: tensor.size };
  }

  #line(step: Step): string {
    if (step.kind === "clear") return `${step.label} [${step.tensor.shape}]`;
    const operands = step.kernel.bindings.map(({ name, access }) => {
      const tensor = step.operands[name]!;
      return `${access === "read" ? "" : "*"}${name}=${this.#where(tensor)}[${tensor.shape}]`;
    });
    const groups = step.workgroups.map((count) => countText(count ?? 1)).join("x");
    return `${step.label} ${operands.join(" ")} <${groups}>`;
  }

  #where({ place, label }: Tensor): string {
    if (place.kind === "storage") return `${place.storage.label}+${place.offset}`;
    const slot = this.#executable.slotOf.get(place.root);
    return slot === undefined ? `"${label}"` : `s${slot}`;
  }
}

function countText(count: Count): string {
  return typeof count === "number" ? String(count) : `ceil(${count.scalar.label}/${count.per})`;
}

/** Workgroups of a step for the scalars of a run. */
export function workgroupsOf(
  step: Extract<Step, { kind: "launch" }>,
  scalars: ReadonlyMap<Scalar, number>,
): [number, number, number] {
  const [x, y = 1, z = 1] = step.workgroups;
  const resolve = (count: Count) =>
    typeof count === "number" ? count : Math.ceil(scalarOf(count.scalar, scalars) / count.per);
  return [resolve(x), resolve(y), resolve(z)];
}

/** Value of a uniform field for the scalars of a run. */
export function scalarOf(value: number | Scalar, scalars: ReadonlyMap<Scalar, number>): number {
  if (typeof value === "number") return value;
  if (value.derived !== undefined) {
    const { from, base, limit } = value.derived;
    return Math.min(limit, Math.max(0, scalarOf(from, scalars) - base));
  }
  const given = scalars.get(value);
  if (given === undefined) {
    throw new TypeError(`Cannot run: scalar "${value.label}" is not an input of the plan`);
  }
  return given;
}
