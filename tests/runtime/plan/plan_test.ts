import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  type Device,
  DeviceError,
  kernel,
  ParameterStore,
  rangeOf,
  type Recorder,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { MIX, mixed, SCALE, scaled } from "../../support/sample_ops.ts";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

/** Runs `body` on the reference executor and on the adapter; every buffer must be freed after. */
function onBoth(name: string, body: (device: Device) => Promise<void>): void {
  Deno.test(`${name} (reference)`, async () => {
    using device = new ReferenceDevice({ precision: "f32" });
    await body(device);
    assertEquals(device.liveBytes, 0);
  });
  gpuTest(`${name} (adapter)`, async () => {
    const device = await openTestGpu();
    const before = device.liveBytes;
    await body(device);
    assertEquals(device.liveBytes, before);
  });
}

/** `y = factor * x` over `count` of 100 elements. */
function counted(rec: Recorder) {
  const x = rec.input("x", [100], "f32");
  const count = rec.scalar("count");
  const factor = rec.scalar("factor");
  return { inputs: { x, count, factor }, outputs: { y: scaled(rec, x, factor, count) } };
}

const ONES = new Float32Array(100).fill(1);

onBoth("outputs keep their values until the next run", async (device) => {
  using plan = await device.plan("scale", counted);
  plan.run({ x: ONES, count: 100, factor: 2 });
  assertEquals((await plan.read("y")).y, new Float32Array(100).fill(2));
  assertEquals((await plan.read("y")).y, new Float32Array(100).fill(2));
  plan.run({ x: ONES, count: 100, factor: -3 });
  assertEquals((await plan.read("y")).y, new Float32Array(100).fill(-3));
});

onBoth("a run may change its arrays as soon as it returns", async (device) => {
  using plan = await device.plan("scale", counted);
  const x = ONES.slice();
  plan.run({ x, count: 100, factor: 2 });
  x.fill(9);
  assertEquals((await plan.read("y")).y, new Float32Array(100).fill(2));
});

onBoth("a count limits the work, and a count of zero skips the launch", async (device) => {
  using plan = await device.plan("scale", counted);
  plan.run({ x: ONES, count: 100, factor: 2 });
  plan.run({ x: ONES, count: 65, factor: 3 });
  const expected = new Float32Array(100).fill(2).fill(3, 0, 65);
  assertEquals((await plan.read("y")).y, expected);
  plan.run({ x: ONES, count: 0, factor: 4 });
  assertEquals((await plan.read("y")).y, expected);
});

onBoth("within() cuts a count into chunks", async (device) => {
  using plan = await device.plan("chunks", (rec) => {
    const count = rec.scalar("count");
    const x = rec.constant("one", [10], "f32", new Float32Array(10).fill(1));
    const chunks = [0, 10, 20].map((base) => {
      const y = rec.temporary([10], "f32", `chunk ${base}`);
      const part = count.within(base, 10);
      rec.clear(y);
      rec.launch({
        kernel: SCALE,
        operands: { x, y },
        scalars: { count: part, factor: 1 },
        workgroups: [{ scalar: part, per: 64 }],
      });
      return [`from ${base}`, y] as const;
    });
    return { inputs: { count }, outputs: Object.fromEntries(chunks) };
  });
  const filled = async (count: number) => {
    plan.run({ count });
    const outputs = await plan.read("from 0", "from 10", "from 20");
    return Object.values(outputs).map((y) => y.indexOf(0) < 0 ? y.length : y.indexOf(0));
  };
  assertEquals(await filled(0), [0, 0, 0]);
  assertEquals(await filled(7), [7, 0, 0]);
  assertEquals(await filled(10), [10, 0, 0]);
  assertEquals(await filled(13), [10, 3, 0]);
  assertEquals(await filled(40), [10, 10, 10]);
});

const FIELDS = kernel<"bits" | "reals", "natural" | "integer" | "real">(
  "fields",
  `
struct Scalars { natural: u32, integer: i32, real: f32 }
@group(0) @binding(0) var<storage, read_write> bits: array<u32>;
@group(0) @binding(1) var<storage, read_write> reals: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;
@compute @workgroup_size(1) fn main() {
  bits[0] = scalars.natural;
  bits[1] = bitcast<u32>(scalars.integer);
  reals[0] = scalars.real;
}
`,
  ({ bits, reals }, { natural, integer, real }) => {
    bits[0] = natural;
    bits[1] = integer;
    reals[0] = real;
  },
);

onBoth("scalars reach the kernel as natural, integer and real numbers", async (device) => {
  const cases = [[0, 0, 0], [7, -1, -0.1], [2 ** 32 - 1, -(2 ** 31), Infinity], [
    2 ** 31,
    2 ** 31 - 1,
    -3.4e38,
  ]] as const;
  const record = (given?: readonly [number, number, number]) => (rec: Recorder) => {
    const inputs = given ? {} : {
      natural: rec.scalar("natural"),
      integer: rec.scalar("integer"),
      real: rec.scalar("real"),
    };
    const [natural, integer, real] = given ?? [];
    const frozen = { natural, integer, real } as Record<string, number>;
    const bits = rec.temporary([2], "u32", "bits");
    const reals = rec.temporary([1], "f32", "reals");
    rec.launch({
      kernel: FIELDS,
      operands: { bits, reals },
      scalars: given ? frozen : inputs,
      workgroups: [1],
    });
    return { inputs, outputs: { bits, reals } };
  };
  using given = await device.plan("given", record());
  for (const numbers of cases) {
    const [natural, integer, real] = numbers;
    using frozen = await device.plan("frozen", record(numbers));
    frozen.run({});
    given.run({ natural, integer, real } as never);
    for (const plan of [frozen, given]) {
      const { bits, reals } = await plan.read("bits", "reals");
      assertEquals([...bits], [natural, integer >>> 0]);
      assertEquals([...reals], [Math.fround(real)]);
    }
  }
});

onBoth(
  "frozen blocks that differ in Infinity, NaN or the sign of zero stay apart",
  async (device) => {
    const factors = [Infinity, -Infinity, NaN, 0, -0, 1];
    using plan = await device.plan("constants", (rec) => {
      const x = rec.constant("one", [1], "f32", Float32Array.of(1));
      const outputs = factors.map((factor, i) => [`y${i}`, scaled(rec, x, factor)] as const);
      return { inputs: {}, outputs: Object.fromEntries(outputs) };
    });
    plan.run({});
    const outputs = await plan.read(...plan.outputNames);
    factors.forEach((factor, i) => assert(Object.is(outputs[`y${i}`]![0], factor), `${factor}`));
  },
);

onBoth(
  "integer scalars refuse numbers they cannot hold, and the run does not happen",
  async (device) => {
    using plan = await device.plan("scale", counted);
    plan.run({ x: ONES, count: 100, factor: 2 });
    for (const count of [-1, 0.5, 2 ** 32]) {
      assertThrows(
        () => plan.run({ x: ONES, count, factor: 5 }),
        Error,
        count === 2 ** 32 ? "" : `Cannot run: scalar "count" is ${count}, field "count" is u32`,
      );
    }
    assertEquals((await plan.read("y")).y, new Float32Array(100).fill(2));
  },
);

onBoth(
  "a plan refuses values that are missing, of another type or of another length",
  async (device) => {
    using plan = await device.plan("scale", counted);
    using ids = await device.plan("ids", (rec) => {
      const ids = rec.input("ids", [2], "u32");
      return { inputs: { ids }, outputs: { ids } };
    });
    const refused = (values: unknown, message: string) =>
      assertThrows(
        () => plan.run(values as never),
        TypeError,
        `Cannot run plan "scale": ${message}`,
      );
    refused(
      { count: 1, factor: 1 },
      'input "x" is undefined, expected Float32Array or Float64Array',
    );
    refused({ x: ONES, count: 1 }, 'scalar "factor" is undefined, not a number');
    refused({ x: ONES, count: "1", factor: 1 }, 'scalar "count" is string, not a number');
    refused(
      { x: ONES.subarray(1), count: 1, factor: 1 },
      'input "x" has 99 elements, expected shape [100]',
    );
    refused({ x: [...ONES], count: 1, factor: 1 }, 'input "x" is Array');
    refused({ x: new Uint32Array(100), count: 1, factor: 1 }, 'input "x" is Uint32Array');
    assertThrows(
      () => ids.run({ ids: Float32Array.of(1, 2) } as never),
      TypeError,
      'Cannot run plan "ids": input "ids" is Float32Array, expected Uint32Array',
    );
    plan.run({ x: Float64Array.from(ONES), count: 100, factor: 1 });
  },
);

onBoth("an unknown output is refused, with the names that exist", async (device) => {
  using plan = await device.plan("scale", counted);
  await assertRejects(
    () => plan.read("z"),
    DeviceError,
    'Cannot read "z" of plan "scale": no such output, expected one of "y"',
  );
  await assertRejects(() => plan.read("toString"), DeviceError, "no such output");
});

onBoth("intermediates are kept only on request, and change no output", async (device) => {
  const record = (rec: Recorder) => {
    const x = rec.input("x", [4], "f32");
    const hidden = scaled(rec, x, 2);
    rec.keepIntermediate(hidden, "hidden");
    return { inputs: { x }, outputs: { y: scaled(rec, scaled(rec, hidden, 3), 5) } };
  };
  using bare = await device.plan("bare", record);
  using tapped = await device.plan("tapped", record, { intermediates: true });
  assertEquals([bare.intermediates, tapped.intermediates], [[], ["hidden"]]);
  for (const plan of [bare, tapped]) {
    plan.run({ x: Float32Array.of(1, 2, 3, 4) });
    assertEquals([...(await plan.read("y")).y], [30, 60, 90, 120]);
  }
  assertEquals([...(await tapped.read("hidden")).hidden!], [2, 4, 6, 8]);
  await assertRejects(() => bare.read("hidden"), DeviceError, "no such output");
});

onBoth(
  "plans that share temporaries' memory leave each other's outputs and states alone",
  async (device) => {
    using state = device.state("state", [100]);
    const record = (factor: number, writesState: boolean) => (rec: Recorder) => {
      const x = rec.input("x", [100], "f32");
      const hidden = mixed(rec, scaled(rec, x, factor), x, 100);
      if (writesState) {
        rec.launch({
          kernel: SCALE,
          operands: { x: hidden, y: state },
          scalars: { count: 100, factor: 1 },
          workgroups: [2],
        });
      }
      return { inputs: { x }, outputs: { y: scaled(rec, mixed(rec, hidden, hidden, 100), 1) } };
    };
    const before = device.liveBytesByRole.get("temporary") ?? 0;
    using first = await device.plan("first", record(1, true));
    const alone = device.liveBytesByRole.get("temporary")! - before;
    using second = await device.plan("second", record(10, false));
    if (device.info.kind !== "cpu") {
      assertEquals(device.liveBytesByRole.get("temporary")! - before, alone, "one workspace");
    }
    first.run({ x: ONES });
    second.run({ x: ONES });
    assertEquals((await first.read("y")).y[99], 3 * (1 + 2));
    assertEquals((await second.read("y")).y[99], 3 * (10 + 2));
    const [kept] = await device.read([{ storage: rangeOf(state).storage, offset: 0, length: 100 }]);
    assertEquals(kept, new Float32Array(100).fill(3));
  },
);

onBoth("a plan disposed twice leaves the memory of other plans alone", async (device) => {
  const record = (rec: Recorder) => {
    const x = rec.input("x", [100], "f32");
    return { inputs: { x }, outputs: { y: scaled(rec, scaled(rec, x, 2), 3) } };
  };
  using kept = await device.plan("kept", record);
  const gone = await device.plan("gone", record);
  for (let time = 0; time < 2; time++) {
    gone[Symbol.dispose]();
    kept.run({ x: ONES });
    assertEquals((await kept.read("y")).y, new Float32Array(100).fill(6));
  }
});

onBoth("an empty tensor is bound, cleared and read", async (device) => {
  using plan = await device.plan("empty", (rec) => {
    const x = rec.input("x", [0, 4], "f32");
    const y = rec.temporary([0, 4], "f32", "y");
    rec.clear(y);
    rec.launch({ kernel: MIX, operands: { a: x, b: x, c: y }, workgroups: [0] });
    return { inputs: { x }, outputs: { y, x } };
  });
  plan.run({ x: new Float32Array(0) });
  assertEquals((await plan.read("y", "x")).y.length, 0);
});

onBoth("clear() zeroes a tensor and nothing beside it", async (device) => {
  using store = new ParameterStore();
  const w = store.param("w", [3], { kind: "constant", value: 0 });
  store.allocate(device, { gradients: false });
  const storage = rangeOf(w).storage;
  device.write(storage, 0, new Float32Array(64).fill(1));
  using plan = await device.plan("clear", (rec) => {
    rec.clear(w);
    return { inputs: {}, outputs: {} };
  });
  plan.run({});
  const [values] = await device.read([{ storage, offset: 0, length: 64 }]);
  assertEquals(values, new Float32Array(64).fill(1).fill(0, 0, 3));
});

onBoth("profile() runs the plan and returns a time for every op", async (device) => {
  using plan = await device.plan("scale", (rec) => {
    const x = rec.input("x", [100], "f32");
    const y = rec.scope("layer", () => scaled(rec, x, 2));
    return { inputs: { x }, outputs: { z: scaled(rec, y, 3) } };
  });
  const times = await plan.profile({ x: ONES });
  assertEquals(times.map(({ label, op, scope }) => [label, op, scope]), [
    ["layer/scale", "scale", ["layer"]],
    ["scale", "scale", []],
  ]);
  assertEquals(
    times.map(({ commands }) => commands),
    times.map(({ label, elapsedMs }) => [{ label, elapsedMs }]),
  );
  for (const { elapsedMs, cost } of times) {
    assert(elapsedMs >= 0 && elapsedMs < 1000);
    assertEquals(cost, { flops: 100, bytes: 800 });
  }
  assertEquals((await plan.read("z")).z[0], 6);
});

onBoth("a plan prints its launches with operands, places and workgroups", async (device) => {
  using state = device.state("memory", [128]);
  using plan = await device.plan("print", (rec) => {
    const x = rec.input("x", [128], "f32");
    const count = rec.scalar("count");
    const y = rec.scope("layer0", () => scaled(rec, x, 2, count));
    rec.clear(state);
    return { inputs: { x, count }, outputs: { z: mixed(rec, y, state, 128) } };
  });
  assertMatch(
    plan.toString(),
    new RegExp(
      [
        '^plan "print": 2 launches',
        '   0 layer0/scale x="x"\\[128\\] \\*y=s0\\[128\\] <ceil\\(count/64\\)>',
        "   1 clear memory \\[128\\]",
        '   2 mix a=s0\\[128\\] b=memory\\+0\\[128\\] \\*c="mix.c"\\[128\\] <2x1>\n$',
      ].join("\n"),
    ),
  );
});
