import { assertEquals, assertThrows } from "@std/assert";
import {
  add,
  backward,
  gradientsOf,
  type HostArray,
  type PackedParameter,
  ParameterStore,
  readParameters,
  type Recorder,
  ReferenceDevice,
  reshape,
  type Seed,
  type Tensor,
  weightsOf,
  writeParameters,
} from "@transformer-xl/runtime";
import { adding, opaque, scaled } from "../../support/sample_ops.ts";

/** Parameters `v` = [1, 2] and `w` = [10, 20] on a float64 device. */
function twoParameters() {
  const device = new ReferenceDevice({ precision: "f64" });
  const store = new ParameterStore();
  const v = store.param("v", [2], { kind: "constant", value: 0 });
  const w = store.param("w", [2], { kind: "constant", value: 0 });
  store.allocate(device, { gradients: true });
  writeParameters(
    device,
    store,
    weightsOf(store),
    ({ name }) => name === "v" ? Float64Array.of(1, 2) : Float64Array.of(10, 20),
  );
  return {
    device,
    store,
    v,
    w,
    async gradients(): Promise<Record<string, readonly number[]>> {
      const found: Record<string, readonly number[]> = {};
      for await (const [{ name }, values] of readParameters(device, store, gradientsOf(store))) {
        found[name] = [...values];
      }
      return found;
    },
    [Symbol.dispose]() {
      store[Symbol.dispose]();
      device[Symbol.dispose]();
    },
  };
}

/** A plan of `record`, whose seeds all enter with the cotangent [1, 100]. */
function differentiated(
  { device }: { readonly device: ReferenceDevice },
  record: (rec: Recorder) => {
    readonly values: readonly Tensor[];
    readonly params: readonly PackedParameter[];
    readonly wanted?: Readonly<Record<string, Tensor>>;
  },
) {
  return device.plan("gradient", (rec) => {
    const { values, params, wanted = {} } = record(rec);
    const seed = rec.constant("seed", [2], "f32", Float32Array.of(1, 100));
    const seeds = values.map((value): Seed => [value, seed]);
    const cotangents = backward(rec, seeds, params, Object.values(wanted));
    const outputs: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(wanted)) {
      const cotangent = cotangents.get(tensor);
      if (cotangent !== undefined) outputs[name] = cotangent;
    }
    return { inputs: {}, outputs };
  });
}

Deno.test("the first cotangent of a value moves and later ones add", async () => {
  using model = twoParameters();
  using plan = await differentiated(model, (rec) => {
    const x = scaled(rec, model.v, 2);
    const y = add(rec, add(rec, scaled(rec, x, 3), scaled(rec, x, 5)), x);
    return { values: [y], params: [model.v] };
  });
  plan.run({});
  assertEquals((await model.gradients())["v"], [2 * (3 + 5 + 1), 100 * 2 * (3 + 5 + 1)]);
  const adds = plan.toString().match(/backward\/add |^ *\d+ add /gm)?.length;
  assertEquals(adds, 2 + 2, "two in the forward, and three cotangents meet in two additions");
});

Deno.test("a value used twice by one op gets both cotangents", async () => {
  using model = twoParameters();
  using plan = await differentiated(model, (rec) => {
    const x = scaled(rec, model.v, 2);
    return { values: [add(rec, x, x)], params: [model.v] };
  });
  plan.run({});
  assertEquals((await model.gradients())["v"], [4, 400]);
});

Deno.test("parameters accumulate from run to run, activations do not", async () => {
  using model = twoParameters();
  let x: Tensor | undefined;
  using plan = await differentiated(model, (rec) => {
    x = scaled(rec, model.w, 2);
    return { values: [scaled(rec, x, 3)], params: [model.w], wanted: { dx: x } };
  });
  plan.run({});
  const once: HostArray = (await plan.read("dx"))["dx"]!;
  plan.run({});
  const twice: HostArray = (await plan.read("dx"))["dx"]!;
  assertEquals([[...once], [...twice]], [[3, 300], [3, 300]]);
  assertEquals(await model.gradients(), { v: [0, 0], w: [12, 1200] });
});

Deno.test("two recordings add to one gradient", async () => {
  using model = twoParameters();
  for (const factor of [2, 5]) {
    using plan = await differentiated(
      model,
      (rec) => ({ values: [scaled(rec, model.v, factor)], params: [model.v] }),
    );
    plan.run({});
  }
  assertEquals((await model.gradients())["v"], [7, 700]);
});

Deno.test("an op without derivative stops only gradients that must pass it", async () => {
  using model = twoParameters();
  const error = await differentiated(
    model,
    (rec) => ({ values: [opaque(rec, model.v)], params: [model.v] }),
  ).then(() => undefined, (reason) => reason);
  assertEquals(`${error}`, 'TypeError: Cannot differentiate "opaque": it has no vjp');

  using plan = await differentiated(model, (rec) => {
    const aside = opaque(rec, model.w); // nothing learnt lies behind it
    return { values: [add(rec, scaled(rec, model.v, 2), aside)], params: [model.v] };
  });
  plan.run({});
  assertEquals(await model.gradients(), { v: [2, 200], w: [0, 0] });
});

Deno.test("a seed that reaches no parameter needs no derivative", async () => {
  using model = twoParameters();
  using plan = await differentiated(
    model,
    (rec) => ({ values: [opaque(rec, model.w)], params: [model.v] }),
  );
  assertEquals(plan.launchCount, 1);
});

Deno.test("values that reach no parameter cost no launches", async () => {
  using model = twoParameters();
  const launches = async (params: readonly PackedParameter[]) => {
    using plan = await differentiated(model, (rec) => {
      const side = scaled(rec, scaled(rec, scaled(rec, model.w, 2), 3), 4);
      return { values: [add(rec, scaled(rec, model.v, 2), side)], params };
    });
    return plan.launchCount;
  };
  const forward = 5;
  assertEquals(await launches([]), forward);
  assertEquals(await launches([model.v]), forward + 2, "one derivative, one accumulation");
  assertEquals(await launches([model.v, model.w]), forward + 2 + 4);
});

Deno.test("what a loss does not depend on costs no launches", async () => {
  using model = twoParameters();
  using plan = await differentiated(model, (rec) => {
    const y = scaled(rec, model.v, 2);
    scaled(rec, y, 3); // a metric
    return { values: [y], params: [model.v, model.w] };
  });
  assertEquals(plan.launchCount, 2 + 2);
});

Deno.test("backward() returns the cotangents of wanted tensors, where something flows", async () => {
  using model = twoParameters();
  using plan = await differentiated(model, (rec) => {
    const x = rec.constant("x", [2], "f32", Float32Array.of(7, 8));
    const unrelated = rec.constant("unrelated", [2], "f32", Float32Array.of(0, 0));
    const y = scaled(rec, x, 4);
    return { values: [y], params: [], wanted: { dx: x, dy: y, unrelated } };
  });
  plan.run({});
  assertEquals(plan.outputNames, ["dx", "dy"]);
  const { dx, dy } = await plan.read("dx", "dy");
  assertEquals([[...dx!], [...dy!]], [[4, 400], [1, 100]]);
});

Deno.test("seeds at one value add, and a seed at a parameter enters its gradient", async () => {
  using model = twoParameters();
  using plan = await differentiated(model, (rec) => {
    const y = scaled(rec, model.v, 3);
    return { values: [y, y, model.w], params: [model.v, model.w] };
  });
  plan.run({});
  assertEquals(await model.gradients(), { v: [6, 600], w: [1, 100] });
});

Deno.test("a gradient passes a change of shape", async () => {
  using model = twoParameters();
  using plan = await differentiated(model, (rec) => {
    const row = reshape(rec, model.v, [1, 2]);
    return { values: [reshape(rec, scaled(rec, row, 2), [2])], params: [model.v] };
  });
  plan.run({});
  assertEquals((await model.gradients())["v"], [2, 200]);
});

Deno.test("a parameter without gradients cannot be learnt", () => {
  using device = new ReferenceDevice({ precision: "f64" });
  using store = new ParameterStore();
  const w = store.param("w", [2], { kind: "constant", value: 0 });
  store.allocate(device, { gradients: false });
  assertThrows(
    () => w.gradient,
    TypeError,
    'Cannot differentiate "w": its store holds no gradients',
  );
  assertThrows(() => gradientsOf(store), TypeError, "Cannot read gradients: none were allocated");
});

Deno.test("add() refuses tensors of different shapes", async () => {
  using model = twoParameters();
  const reason = await differentiated(model, (rec) => {
    const other = rec.constant("other", [1, 2], "f32", new Float32Array(2));
    return { values: [add(rec, model.v, other)], params: [] };
  }).catch((error) => error);
  assertEquals(`${reason}`, 'ShapeError: Cannot read "b" as [A0]: current shape is [1,2]');
});

Deno.test("an op adds to the cotangent that has reached its input, without another sum", async () => {
  using model = twoParameters();
  using plan = await differentiated(model, (rec) => {
    const x = scaled(rec, model.v, 2);
    const y = add(rec, adding(rec, x, 3), scaled(rec, x, 5)); // differentiated last to first
    return { values: [y], params: [model.v] };
  });
  plan.run({});
  assertEquals((await model.gradients())["v"], [2 * (3 + 5), 100 * 2 * (3 + 5)]);
  assertEquals(plan.toString().match(/backward\/add /g), null);
});

Deno.test("a cotangent of several values, a seed or a wanted one is never added to", async () => {
  using model = twoParameters();
  let [a, b]: Tensor[] = [];
  using plan = await differentiated(model, (rec) => {
    a = scaled(rec, model.v, 2);
    const c = adding(rec, a, 3);
    b = scaled(rec, model.w, 7);
    const shared = add(rec, a, b); // hands its cotangent to both
    const y = scaled(rec, add(rec, shared, c), 11);
    return { values: [y], params: [model.v, model.w], wanted: { db: b, dShared: shared } };
  });
  plan.run({});
  const { db, dShared } = await plan.read("db", "dShared");
  assertEquals([[...db!], [...dShared!]], [[11, 1100], [11, 1100]]);
  assertEquals(await model.gradients(), { v: [2 * 4 * 11, 2 * 4 * 1100], w: [77, 7700] });

  using seeded = await differentiated(model, (rec) => {
    const x = scaled(rec, model.v, 2);
    return { values: [x, adding(rec, x, 3)], params: [model.v], wanted: { dx: x } };
  });
  seeded.run({});
  assertEquals([...(await seeded.read("dx"))["dx"]!], [4, 400]); // the seed itself is a constant
});
