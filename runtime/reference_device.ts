/**
 * The reference executor: replays a plan through the kernels' plain loops, temporaries in their
 * planned slots. Float64 for tests (where it also proves the memory planner), float32 for
 * `--device cpu`.
 *
 * @module
 */
import type { DType, HostArray, Numbers } from "./dtype.ts";
import { Device } from "./device.ts";
import { DeviceError } from "./errors.ts";
import type { Executable, Recording, StorageRange } from "./executor.ts";
import { planSlots } from "./planner.ts";
import { scalarOf, workgroupsOf } from "./plan.ts";
import type { Step } from "./recorder.ts";
import { PORTABLE_TARGET, type Target } from "./target.ts";
import type { Role, Scalar, Storage, Tensor } from "./tensor.ts";

/** Width of the numbers the loops compute with. */
export type ReferencePrecision = "f32" | "f64";

class ReferenceStorage implements Storage {
  readonly label: string;
  readonly role: Role;
  readonly dtype: DType;
  readonly array: HostArray;
  readonly #release: () => void;

  constructor(label: string, role: Role, dtype: DType, array: HostArray, release: () => void) {
    this.label = label;
    this.role = role;
    this.dtype = dtype;
    this.array = array;
    this.#release = release;
  }

  get length(): number {
    return this.array.length;
  }

  [Symbol.dispose](): void {
    this.#release();
  }
}

/** Plans on plain TypeScript loops; no GPU, no driver. */
export class ReferenceDevice extends Device {
  /** Width of the numbers. */
  readonly precision: ReferencePrecision;

  constructor(options: { readonly precision: ReferencePrecision; readonly target?: Target }) {
    super(
      options.target ?? { ...PORTABLE_TARGET, maxBindingBytes: 2 ** 31, maxBufferBytes: 2 ** 31 },
      { adapter: `reference executor (${options.precision})`, kind: "reference", features: [] },
      Deno.systemMemoryInfo().available,
    );
    this.precision = options.precision;
  }

  override allocate(
    spec: {
      readonly label: string;
      readonly role: Role;
      readonly dtype: DType;
      readonly length: number;
    },
  ): ReferenceStorage {
    const bytes = spec.length * this.#bytesPer(spec.dtype);
    this.checkFits(spec.label, bytes);
    this.account(spec.role, bytes);
    let live = true;
    const array = this.#array(spec.dtype, new ArrayBuffer(bytes), spec.length);
    return new ReferenceStorage(spec.label, spec.role, spec.dtype, array, () => {
      if (live) this.account(spec.role, -bytes);
      live = false;
    });
  }

  override write(storage: Storage, offset: number, values: HostArray): void {
    (storage as ReferenceStorage).array.set(values, offset);
  }

  override read(ranges: readonly StorageRange[]): Promise<HostArray[]> {
    return Promise.resolve(
      ranges.map(({ storage, offset, length }) =>
        (storage as ReferenceStorage).array.slice(offset, offset + length) as HostArray
      ),
    );
  }

  override idle(): Promise<void> {
    return Promise.resolve();
  }

  override compile(recording: Recording): Promise<Executable> {
    const { steps, roots, label } = recording;
    const { slotOf, slotBytes } = planSlots(steps, roots);
    const owned: ReferenceStorage[] = [];
    const keep = (storage: ReferenceStorage) => {
      owned.push(storage);
      return storage;
    };
    const slots = slotBytes.map((bytes, n) =>
      keep(
        this.allocate({
          label: `${label} slot ${n}`,
          role: "temporary",
          dtype: "f32",
          length: bytes / 4,
        }),
      )
    );
    const storages = roots.map((root, n) => {
      if (root.kind !== "temporary") {
        const storage = keep(this.allocate({ ...root, role: root.kind }));
        if (root.values) this.write(storage, 0, root.values);
        return storage;
      }
      const slot = slots[slotOf.get(n) ?? -1];
      if (slot === undefined) return undefined; // never used
      const array = this.#array(root.dtype, slot.array.buffer, root.length);
      return new ReferenceStorage(root.label, "temporary", root.dtype, array, () => {});
    });
    const numbersOf = ({ place, size }: Tensor): Numbers => {
      if (place.kind === "root") return storages[place.root]!.array.subarray(0, size);
      return (place.storage as ReferenceStorage).array.subarray(place.offset, place.offset + size);
    };
    const bound = steps.map((step) =>
      step.kind === "clear" ? { x: numbersOf(step.tensor) } : Object.fromEntries(
        Object.entries(step.operands).map(([name, tensor]) => [name, numbersOf(tensor)]),
      )
    );
    const upload = (inputs: ReadonlyMap<number, HostArray>) => {
      for (const [root, values] of inputs) this.write(storages[root]!, 0, values);
    };
    return Promise.resolve({
      slotOf,
      bytes: bytesByRole(owned),
      run: (inputs, scalars) => {
        upload(inputs);
        steps.forEach((step, i) => runStep(step, bound[i]!, scalars));
      },
      profile: (inputs, scalars) => {
        upload(inputs);
        return Promise.resolve(steps.map((step, i) => {
          const startMs = performance.now();
          runStep(step, bound[i]!, scalars);
          return performance.now() - startMs;
        }));
      },
      storageOf: (root) => {
        const storage = storages[root];
        if (storage === undefined) {
          throw new DeviceError(
            "validation",
            `Cannot read root ${root} of plan "${label}": it is never computed`,
          );
        }
        return storage;
      },
      [Symbol.dispose]: () => owned.forEach((storage) => storage[Symbol.dispose]()),
    });
  }

  override [Symbol.dispose](): void {}

  #bytesPer(dtype: DType): number {
    return dtype === "u32" || this.precision === "f32" ? 4 : 8;
  }

  #array(dtype: DType, buffer: ArrayBufferLike, length: number): HostArray {
    const memory = buffer as ArrayBuffer;
    if (dtype === "u32") return new Uint32Array(memory, 0, length);
    return this.precision === "f64"
      ? new Float64Array(memory, 0, length)
      : new Float32Array(memory, 0, length);
  }
}

function runStep(
  step: Step,
  operands: Readonly<Record<string, Numbers>>,
  scalars: ReadonlyMap<Scalar, number>,
): void {
  if (step.kind === "clear") {
    operands["x"]!.fill(0);
    return;
  }
  if (workgroupsOf(step, scalars).includes(0)) return;
  const sizes: Record<string, number> = { ...step.constants };
  for (const [name, value] of Object.entries(step.scalars ?? {})) {
    sizes[name] = scalarOf(value, scalars);
  }
  step.kernel.reference(operands, sizes);
}

function bytesByRole(storages: readonly ReferenceStorage[]): Partial<Record<Role, number>> {
  const bytes: Partial<Record<Role, number>> = {};
  for (const { role, array } of storages) bytes[role] = (bytes[role] ?? 0) + array.byteLength;
  return bytes;
}
