/**
 * Groups of parameters in an update: gradients that are clipped and gradients that are not.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { normals } from "@transformer-xl/kernels/cases";
import { type OptimizerName, OPTIMIZERS } from "@transformer-xl/kernels";
import {
  type Device,
  type Parameter,
  ParameterStore,
  ReferenceDevice,
  sizeOf,
} from "@transformer-xl/runtime";
import { relativeError } from "../support/compare.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";
import { type AfterStep, type Named, openUpdater } from "../support/update_harness.ts";

const ZERO = { kind: "constant", value: 0 } as const;
const CLIP = 0.25;
const isTable = ({ name }: Parameter) => name === "table";

/** A table that shares a buffer with rows of another parameter, and tensors around it. */
function declare(store: ParameterStore, names: readonly string[]): void {
  const has = (name: string) => names.includes(name);
  if (has("before")) store.param("before", [5000], ZERO);
  const rows = [["table", 700], ["cluster", 3]] as const;
  const parts = rows.filter(([name]) => has(name))
    .map(([name, count]) => ({
      parameter: store.declare(name, [count, 9], ZERO),
      from: 0,
      to: count,
    }));
  if (parts.length > 0) store.pack("tables", parts);
  if (has("after")) store.param("after", [37], ZERO);
}

const ALL = ["before", "table", "cluster", "after"];
const OTHERS = ALL.filter((name) => name !== "table");

function named(store: ParameterStore, seed: string): Named {
  return Object.fromEntries(
    store.parameters.map(({ name, shape }) => [
      name,
      Float64Array.from(normals(`${seed} ${name}`, sizeOf(shape))),
    ]),
  );
}

/** Two steps over the parameters of these names. */
async function twoSteps(
  device: Device,
  kind: OptimizerName,
  names: readonly string[],
  options: { readonly clip: number; readonly clips?: (parameter: Parameter) => boolean },
  spoil: (gradients: Record<string, Float64Array>) => void = () => {},
): Promise<AfterStep> {
  using store = new ParameterStore();
  declare(store, names);
  store.allocate(device, { gradients: true });
  const optimizer = { kind, weightDecay: 0.01, momentum: 0.9 };
  using updater = await openUpdater(device, store, named(store, "start"), {
    optimizer,
    ...options,
  });
  await updater.step(named(store, "first"), 0.01);
  const second = { ...named(store, "second") };
  spoil(second);
  return await updater.step(second, 0.02);
}

for (const kind of Object.keys(OPTIMIZERS) as OptimizerName[]) {
  Deno.test(`${kind} clips a group as if it were alone and leaves the others unclipped`, async () => {
    using device = new ReferenceDevice({ precision: "f64" });
    const clips = (parameter: Parameter) => !isTable(parameter);
    const got = await twoSteps(device, kind, ALL, { clip: CLIP, clips });
    const clipped = await twoSteps(device, kind, OTHERS, { clip: CLIP });
    const free = await twoSteps(device, kind, ["table"], { clip: Infinity });
    assert(Math.abs(got.norm / clipped.norm - 1) < 1e-12);
    assert(got.norm > 100 * CLIP, "clipping changes the gradients");
    const wanted = { ...clipped.weights, ...free.weights };
    for (const [name, want] of Object.entries(wanted)) {
      assert(relativeError(got.weights[name]!, want) < 1e-12, name);
      assert(got.gradients[name]!.every((g) => g === 0));
    }
    for (const [state, values] of Object.entries(got.states)) {
      const want = { ...clipped.states[state], ...free.states[state] };
      assertEquals(Object.keys(values).toSorted(), Object.keys(want).toSorted());
      for (const [name, each] of Object.entries(want)) {
        assert(relativeError(values[name]!, each) < 1e-12, `${state} of ${name}`);
      }
    }
  });
}

gpuTest("groups on the adapter equal their reference", async () => {
  const clips = (parameter: Parameter) => !isTable(parameter);
  for (const kind of Object.keys(OPTIMIZERS) as OptimizerName[]) {
    using reference = new ReferenceDevice({ precision: "f64" });
    const want = await twoSteps(reference, kind, ALL, { clip: CLIP, clips });
    const got = await twoSteps(await openTestGpu(), kind, ALL, { clip: CLIP, clips });
    for (const [name, values] of Object.entries(want.weights)) {
      assert(relativeError(got.weights[name]!, values) < 1e-6, `${kind}, ${name}`);
    }
  }
});

for (const name of ["table", "after"]) {
  gpuTest(
    `a gradient of "${name}" that is not finite skips the update of both groups`,
    async () => {
      const clips = (parameter: Parameter) => !isTable(parameter);
      using reference = new ReferenceDevice({ precision: "f32" });
      for (const device of [reference, await openTestGpu()]) {
        const spoil = (gradients: Record<string, Float64Array>) => {
          gradients[name] = gradients[name]!.with(3, NaN);
        };
        const after = await twoSteps(device, "adam", ALL, { clip: CLIP, clips }, spoil);
        assertEquals(after.applied, 0);
        assert(Object.values(after.weights).every((values) => values.every(Number.isFinite)));
        assert(Object.values(after.states["m"]!).every((values) => values.every(Number.isFinite)));
      }
    },
  );
}
