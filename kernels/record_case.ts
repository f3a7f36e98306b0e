/**
 * The recording of one case with its derivative, on any device.
 *
 * @module
 */
import {
  backward,
  type Device,
  gradientsOf,
  type HostArray,
  type Input,
  ParameterStore,
  type Plan,
  readParameters,
  type Recorder,
  type Scalar,
  sizeOf,
  type Tensor,
  writeParameters,
} from "@transformer-xl/runtime/core";
import { normals } from "./normals.ts";
import type { OpCase, OpCases } from "./op_cases.ts";

/** Normal numbers repeat after this many: a prime, so that rows of a matrix differ. */
const NORMALS_PERIOD = 65_521;

/** A recorded row: its plan, its parameters, and the cotangents it was seeded with. */
export interface RecordedRow extends Disposable {
  /** Floats of the row. */
  readonly store: ParameterStore;
  /** Runs with the row's integers and scalars. */
  run(): void;
  /** Values by name: outputs, `d operand`, and operands after the run. */
  read(): Promise<ReadonlyMap<string, HostArray>>;
  /** Starting values of the floats. */
  readonly initial: ReadonlyMap<string, HostArray>;
  /** Cotangents by output. */
  readonly cotangents: ReadonlyMap<string, HostArray>;
  /** Sets one float operand. */
  write(name: string, values: HostArray): void;
  /** The plan. */
  readonly plan: Plan<Record<string, Input | Scalar>, Record<string, Tensor>>;
}

/**
 * Records `row` on `device`. Cotangents are written once, so that a run uploads no more than an op
 * in a model would.
 *
 * @param options.derivative whether cotangents are recorded; by default unless the row checks them on
 * loops alone
 * @param options.dtype width of the float operands and of their gradients
 */
export async function recordRow(
  device: Device,
  cases: OpCases,
  row: OpCase,
  options: { readonly derivative?: boolean; readonly dtype?: "f32" | "f16" } = {},
): Promise<RecordedRow> {
  const { derivative: isWanted = row.derivative !== "loops" } = options;
  const derivative = row.derivative !== false && isWanted;
  const store = new ParameterStore({ dtype: options.dtype ?? "f32" });
  const initial = new Map<string, HostArray>();
  for (const [name, spec] of Object.entries(row.operands)) {
    if (spec.dtype === "u32") continue;
    store.param(name, spec.shape, { kind: "constant", value: 0 });
    initial.set(name, valuesOf(name, row, sizeOf(spec.shape), spec.values));
  }
  store.allocate(device, { gradients: true });
  const fixed: Record<string, HostArray | number> = { ...row.scalars };
  const cotangents = new Map<string, HostArray>();
  const seeded: Disposable[] = [];

  const record = (rec: Recorder) => {
    const inputs: Record<string, Input | Scalar> = {};
    const operands: Record<string, Tensor> = {};
    const scalars: Record<string, Scalar> = {};
    for (const param of store.packed) rec.clear(param.gradient);
    for (const param of store.packed) operands[param.label] = param;
    for (const [name, spec] of Object.entries(row.operands)) {
      if (spec.dtype !== "u32") continue;
      const input = rec.input(name, spec.shape, "u32");
      inputs[name] = operands[name] = input;
      fixed[name] = Uint32Array.from({ length: input.size }, (_, i) => spec.values?.(i) ?? 0);
    }
    for (const name of Object.keys(row.scalars ?? {})) {
      inputs[name] = scalars[name] = rec.scalar(name);
    }
    const { outputs = {}, extra = {} } = cases.call(rec, operands, { scalars, attrs: row.attrs });
    if (derivative) {
      const seeds = Object.entries(outputs).map(([name, output]) => {
        const seed = device.state(`cotangent of ${name}`, output.shape, output.dtype);
        seeded.push(seed);
        const values = row.cotangent === "one"
          ? new Float32Array(output.size).fill(1)
          : valuesOf(`cotangent ${name}`, row, output.size);
        if (seed.range.kind === "storage") device.write(seed.range.storage, 0, values);
        cotangents.set(name, values);
        return [output, seed] as const;
      });
      backward(rec, seeds, store.packed);
    }
    return { inputs, outputs: { ...outputs, ...extra } };
  };
  const plan = await device.plan(`${cases.op}: ${row.name}`, record);
  const weights = store.buffers.map((segment) => segment.weights);
  const current = new Map(initial);
  const writeAll = () =>
    writeParameters(
      device,
      store,
      weights,
      ({ name }) => current.get(name) as Float32Array<ArrayBuffer>,
    );
  writeAll();

  return {
    store,
    plan,
    initial,
    cotangents,
    write(name, values) {
      current.set(name, values);
      writeAll();
    },
    run: () => plan.run(fixed as never),
    async read() {
      const results = new Map<string, HostArray>(
        Object.entries(await plan.read(...plan.outputNames)),
      );
      for await (const [{ name }, values] of readParameters(device, store, gradientsOf(store))) {
        if (derivative) results.set(`d ${name}`, values);
      }
      for await (const [{ name }, values] of readParameters(device, store, weights)) {
        results.set(name, values);
      }
      return results;
    },
    [Symbol.dispose]() {
      plan[Symbol.dispose]();
      store[Symbol.dispose]();
      for (const seed of seeded) seed[Symbol.dispose]();
    },
  };
}

function valuesOf(
  name: string,
  row: OpCase,
  length: number,
  values?: (i: number) => number,
): Float32Array<ArrayBuffer> {
  if (values !== undefined) return Float32Array.from({ length }, (_, i) => values(i));
  const period = normals(`${row.name}/${name}`, Math.min(length, NORMALS_PERIOD));
  if (length <= NORMALS_PERIOD) return period;
  const repeated = new Float32Array(length);
  for (let from = 0; from < length; from += NORMALS_PERIOD) {
    repeated.set(period.subarray(0, Math.min(NORMALS_PERIOD, length - from)), from);
  }
  return repeated;
}
