/**
 * A plan: a compiled recording that can be run again and again, read, printed and profiled.
 *
 * @module
 */
import type { HostArray } from "../tensor/dtype.ts";
import { DeviceError } from "../base/errors.ts";
import type { Executable, Reader, Recording, StorageRange } from "./executable.ts";
import type { Count } from "../record/launch.ts";
import { type Command, type Cost, totalCost } from "../record/recorder.ts";
import type { Input, Role, Scalar, Storage, Tensor } from "../tensor/tensor.ts";

/** Inputs of a run: tensors and numbers. */
export type PlanInputs = Readonly<Record<string, Input | Scalar>>;

/** Tensors that can be read between runs. */
export type PlanOutputs = Readonly<Record<string, Tensor>>;

/** Host value of an input or a scalar. */
export type HostOf<T> = T extends Scalar ? number
  : T extends Input<"u32"> ? Uint32Array<ArrayBuffer>
  : Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Values of one run, by input name. */
export type RunValues<I extends PlanInputs> = { readonly [K in keyof I]: HostOf<I[K]> };

/** Time of one command in a profile. */
export interface CommandTime {
  /** Label, with its scopes. */
  readonly label: string;
  /** Milliseconds on the device. */
  readonly elapsedMs: number;
}

/** Time of one op in a profile. */
export interface OpTime {
  /** Op or launch label. */
  readonly label: string;
  /** Name of the op. */
  readonly op: string;
  /** Scopes around it, outermost first; those of a gradient are `backward` and its op's. */
  readonly scope: readonly string[];
  /** Milliseconds on the device. */
  readonly elapsedMs: number;
  /** Work of the op with the counts of this run. */
  readonly cost: Cost;
  /** Its launches and clears, in order. */
  readonly commands: readonly CommandTime[];
}

/** A compiled recording that can be run repeatedly. */
export class Plan<I extends PlanInputs, O extends PlanOutputs, K = unknown> implements Disposable {
  /** Name in messages. */
  readonly label: string;
  /** Work of one run with every count at its capacity. */
  readonly cost: Cost;
  /** Kernel launches of one run. */
  readonly launchCount: number;
  /** What the recording returned as `kept`; undefined without. */
  readonly kept: K;
  readonly #device: Reader;
  readonly #recording: Recording;
  readonly #executable: Executable;
  readonly #inputs: I;
  readonly #outputs: O;
  readonly #intermediates: ReadonlyMap<string, Tensor>;
  /** Memory of others that the plan touches, and the first command that does. */
  readonly #borrowed: ReadonlyMap<Storage, string>;
  #disposed = false;

  /** Called by {@link Device.plan}. */
  constructor(
    device: Reader,
    recording: Recording,
    executable: Executable,
    inputs: I,
    outputs: O,
    intermediates: ReadonlyMap<string, Tensor>,
    kept: K,
  ) {
    this.label = recording.label;
    this.cost = totalCost(recording.nodes);
    this.launchCount = recording.commands.filter(({ kind }) => kind === "launch").length;
    this.#device = device;
    this.#recording = recording;
    this.#executable = executable;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#intermediates = intermediates;
    this.#borrowed = borrowedBy(recording.commands);
    this.kept = kept;
  }

  /**
   * Work of one run with these counts, by input name; the others count at their capacity.
   *
   * @param end limits the count to ops before this command; all ops by default
   */
  costOf(counts: Readonly<Record<string, number>>, end: number = Infinity): Cost {
    const values = new Map<Scalar, number>();
    for (const [name, count] of Object.entries(counts)) {
      const input = this.#inputs[name];
      if (input?.role === "scalar") values.set(input, count);
    }
    return totalCost(this.#recording.nodes.filter(({ commands: [, to] }) => to <= end), values);
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
  get intermediates(): readonly string[] {
    return [...this.#intermediates.keys()];
  }

  /**
   * Uploads the values, encodes every launch and submits. Returns at once.
   *
   * @throws {TypeError} when a value is missing, of the wrong type, or has the wrong number of
   * elements, or when the plan or memory it uses was disposed
   * @throws {RangeError} when an integer scalar is given another number
   * @throws {DeviceError} when a scalar asks for too many workgroups, or the device reported an
   * error since it was last asked
   */
  run(values: RunValues<I>): void {
    this.runInParts(values, []).next(); // one part, all of it
  }

  /**
   * As {@link run}, in parts: the commands before the first of `cuts`, then those before the second,
   * and so on to the last command. A part is submitted when the generator is advanced, so that its
   * results can be read while the next one runs. Plans of one device share their temporaries, so no
   * other plan may run between two parts.
   *
   * @param cuts ascending command numbers, see {@link lastWrite}
   * @throws see {@link run}; everything is checked before the first part is submitted
   */
  *runInParts(values: RunValues<I>, cuts: readonly number[]): Generator<void, void, undefined> {
    const { inputs, scalars } = this.#bind(values);
    yield* this.#executable.run(inputs, scalars, cuts);
  }

  /** Number of the last command that writes into a range; -1 when none does. */
  lastWrite({ storage, offset, length }: StorageRange): number {
    return this.#recording.commands.findLastIndex((command) => {
      const written = command.kind === "clear" ? [command.tensor] : command.kernel.bindings
        .filter(({ access }) => access === "read_write")
        .map(({ name }) => command.operands[name]!);
      return written.some(({ range, size }) =>
        range.kind === "storage" && range.storage === storage &&
        range.offset < offset + length && offset < range.offset + size
      );
    });
  }

  /**
   * Runs once with a timestamp around every launch and returns the time of every op.
   *
   * @throws {DeviceError} when the device has no timestamps
   */
  async profile(values: RunValues<I>): Promise<OpTime[]> {
    const { inputs, scalars } = this.#bind(values);
    const times = await this.#executable.profile(inputs, scalars);
    return this.#recording.nodes.filter(({ commands: [from, to] }) => to > from)
      .map((node) => {
        const { name: op, scope, commands: [from, to] } = node;
        const commands = this.#recording.commands.slice(from, to)
          .map(({ label }, i) => ({ label, elapsedMs: times[from + i]! }));
        return {
          label: commands.length === 1 ? commands[0]!.label : op,
          op,
          scope,
          elapsedMs: commands.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0),
          cost: totalCost([node], scalars),
          commands,
        };
      });
  }

  /**
   * Copies of outputs or intermediates of the latest run. Waits for the device.
   *
   * @throws {TypeError} when the plan was disposed
   * @throws {DeviceError} when there is no such output, or the device reported an error
   */
  async read<K extends (keyof O & string) | string>(
    ...names: K[]
  ): Promise<{ readonly [P in K]: HostArray }> {
    const arrays = await this.#device.read(names.map((name) => this.#range(name)));
    return Object.fromEntries(names.map((name, i) => [name, arrays[i]!])) as {
      readonly [P in K]: HostArray;
    };
  }

  /** One line per command: number, label, operands with shapes and slots, workgroups. */
  toString(): string {
    const lines = this.#recording.commands.map((command, i) =>
      `${String(i).padStart(4)} ${this.#line(command)}`
    );
    return [`plan "${this.label}": ${this.launchCount} launches`, ...lines, ""].join("\n");
  }

  /** Frees the resources of the plan. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#executable[Symbol.dispose]();
  }

  #bind(values: Readonly<Record<string, unknown>>) {
    const refuse = (why: string): never => {
      throw new TypeError(`Cannot run plan "${this.label}": ${why}`);
    };
    if (this.#disposed) refuse("it was disposed");
    for (const [storage, label] of this.#borrowed) {
      if (!storage.live) refuse(`"${label}" uses "${storage.label}", which was disposed`);
    }
    const inputs = new Map<number, HostArray>();
    const scalars = new Map<Scalar, number>();
    for (const [name, input] of Object.entries(this.#inputs)) {
      const value = values[name];
      if (input.role === "scalar") {
        if (typeof value !== "number") {
          refuse(`scalar "${name}" is ${typeName(value)}, not a number`);
        }
        scalars.set(input, value as number);
        continue;
      }
      const wanted = input.dtype === "u32" ? ["Uint32Array"] : ["Float32Array", "Float64Array"];
      if (!wanted.includes(typeName(value))) {
        refuse(`input "${name}" is ${typeName(value)}, expected ${wanted.join(" or ")}`);
      }
      const array = value as HostArray;
      if (array.length !== input.size) {
        refuse(`input "${name}" has ${array.length} elements, expected shape [${input.shape}]`);
      }
      if (input.range.kind === "plan") inputs.set(input.range.buffer, array);
    }
    return { inputs, scalars };
  }

  #range(name: string): StorageRange {
    if (this.#disposed) {
      throw new TypeError(`Cannot read "${name}" of plan "${this.label}": it was disposed`);
    }
    const tensor = Object.hasOwn(this.#outputs, name)
      ? this.#outputs[name]
      : this.#intermediates.get(name);
    if (tensor === undefined) {
      const known = [...this.outputNames, ...this.intermediates].map((output) => `"${output}"`);
      throw new DeviceError(
        "validation",
        `Cannot read "${name}" of plan "${this.label}": no such output, expected one of ${known}`,
      );
    }
    const { range } = tensor;
    return range.kind === "storage"
      ? { storage: range.storage, offset: range.offset, length: tensor.size }
      : { storage: this.#executable.storageOf(range.buffer), offset: 0, length: tensor.size };
  }

  #line(command: Command): string {
    if (command.kind === "clear") return `${command.label} [${command.tensor.shape}]`;
    const operands = command.kernel.bindings.map(({ name, access }) => {
      const tensor = command.operands[name]!;
      return `${access === "read" ? "" : "*"}${name}=${this.#where(tensor)}[${tensor.shape}]`;
    });
    const groups = command.workgroups.map((count) => countText(count ?? 1)).join("x");
    return `${command.label} ${operands.join(" ")} <${groups}${command.folded ? " folded" : ""}>`;
  }

  #where({ range, label }: Tensor): string {
    if (range.kind === "storage") return `${range.storage.label}+${range.offset}`;
    const slot = this.#executable.slotOf.get(range.buffer);
    return slot === undefined ? `"${label}"` : `s${slot}`;
  }
}

/** Storages that commands use, each with the label of the first one. */
function borrowedBy(commands: readonly Command[]): ReadonlyMap<Storage, string> {
  const borrowed = new Map<Storage, string>();
  for (const command of commands) {
    const tensors = command.kind === "launch" ? Object.values(command.operands) : [command.tensor];
    for (const { range } of tensors) {
      if (range.kind === "storage" && !borrowed.has(range.storage)) {
        borrowed.set(range.storage, command.label);
      }
    }
  }
  return borrowed;
}

/** Type of a value, for messages: `undefined`, `number`, `Float32Array`. */
function typeName(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : typeof value;
}

function countText(count: Count): string {
  return typeof count === "number" ? String(count) : `ceil(${count.scalar.label}/${count.per})`;
}
