import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Device,
  rangeOf,
  type Recorder,
  ReferenceDevice,
  Scalar,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime";
import { add } from "@transformer-xl/runtime";
import { mixed, SCALE, scaled } from "../../support/sample_ops.ts";

/** Runs `body` on a device of plain loops. */
function test(name: string, body: (device: Device) => Promise<void> | void): void {
  Deno.test(name, async () => {
    using device = new ReferenceDevice({ precision: "f32" });
    await body(device);
  });
}

/** Doubles an input of four elements. */
function doubled(rec: Recorder) {
  const x = rec.input("x", [4], "f32");
  return { inputs: { x }, outputs: { y: scaled(rec, x, 2) } };
}

const X = Float32Array.of(1, 2, 3, 4);

test("an output read after a later run holds the later values; a copy keeps the earlier", async (device) => {
  using plan = await device.plan("doubled", doubled);
  plan.run({ x: X });
  const { y: copy } = await plan.read("y");
  plan.run({ x: new Float32Array(4) });
  assertEquals([...copy], [2, 4, 6, 8]);
  assertEquals([...(await plan.read("y")).y], [0, 0, 0, 0]);
});

test("a temporary cannot be read", async (device) => {
  let hidden: Tensor | undefined;
  using plan = await device.plan("hidden", (rec) => {
    const { inputs, outputs } = doubled(rec);
    hidden = outputs.y;
    return { inputs, outputs: { z: scaled(rec, hidden, 2) } };
  });
  plan.run({ x: X });
  assertThrows(
    () => rangeOf(hidden!),
    TypeError,
    'Cannot access "scale.y": it is a temporary of a plan',
  );
  await assertRejects(() => plan.read("scale.y"), Error, "no such output");
});

test("a number is frozen into the plan, a scalar is not", async (device) => {
  let factor = 2;
  using plan = await device.plan("frozen", (rec) => {
    const x = rec.input("x", [4], "f32");
    const scalar = rec.scalar("factor");
    return {
      inputs: { x, scalar },
      outputs: { frozen: scaled(rec, x, factor), given: scaled(rec, x, scalar) },
    };
  });
  factor = 7;
  plan.run({ x: X, scalar: factor });
  const { frozen, given } = await plan.read("frozen", "given");
  assertEquals([frozen[0], given[0]], [2, 7]);
});

test("a scalar that is recorded but not returned is refused when the plan is made", async (device) => {
  await assertRejects(
    () =>
      device.plan("scale", (rec) => {
        const x = rec.input("x", [4], "f32");
        return { inputs: { x }, outputs: { y: scaled(rec, x, rec.scalar("rate")) } };
      }),
    TypeError,
    'Cannot plan "scale": scalar "rate" is recorded but not among the inputs; return it from `record`',
  );
});

test("an input that is recorded but not returned is refused when the plan is made", async (device) => {
  await assertRejects(
    () => device.plan("doubled", (rec) => ({ inputs: {}, outputs: doubled(rec).outputs })),
    TypeError,
    'Cannot plan "doubled": input "x" is recorded but not among the inputs',
  );
});

test("a scalar from elsewhere is refused by name when the plan runs", async (device) => {
  using plan = await device.plan("scale", (rec) => {
    const x = rec.input("x", [4], "f32");
    return { inputs: { x }, outputs: { y: scaled(rec, x, new Scalar("stray")) } };
  });
  assertThrows(
    () => plan.run({ x: X }),
    TypeError,
    'Cannot run: scalar "stray" is not an input of the plan',
  );
});

test("a tensor of another recording is refused, although its number exists here", async (device) => {
  let foreign: Tensor | undefined;
  using _first = await device.plan("first", (rec) => {
    const { inputs, outputs } = doubled(rec);
    foreign = outputs.y;
    return { inputs, outputs };
  });
  const message = 'Cannot use "scale.y": it belongs to another recording; ' +
    "carry it in a state, or record both in one plan";
  const mistakes: ((rec: Recorder) => unknown)[] = [
    (rec) => scaled(rec, foreign!, 2),
    (rec) => scaled(rec, rec.alias(foreign!, [2, 2]), 2),
    (rec) => rec.clear(foreign!),
    (rec) => rec.keep(foreign!),
  ];
  for (const mistake of mistakes) {
    await assertRejects(
      () =>
        device.plan("second", (rec) => {
          const { inputs, outputs } = doubled(rec);
          mistake(rec);
          return { inputs, outputs };
        }),
      TypeError,
      message,
    );
  }
});

test("a plan cannot be used after it was disposed", async (device) => {
  const plan = await device.plan("doubled", doubled);
  plan.run({ x: X });
  plan[Symbol.dispose]();
  assertThrows(() => plan.run({ x: X }), TypeError, 'Cannot run plan "doubled": it was disposed');
  await assertRejects(
    () => plan.read("y"),
    TypeError,
    'Cannot read "y" of plan "doubled": it was disposed',
  );
  await assertRejects(() => plan.profile({ x: X }), TypeError, "it was disposed");
});

test("a plan cannot run once a state it uses was disposed", async (device) => {
  const state = device.state("memory", [4]);
  using plan = await device.plan("sum", (rec) => {
    const { inputs, outputs } = doubled(rec);
    return { inputs, outputs: { sum: rec.scope("layer0", () => add(rec, outputs.y, state)) } };
  });
  plan.run({ x: X });
  const { storage } = rangeOf(state);
  state[Symbol.dispose]();
  state[Symbol.dispose]();
  assertThrows(
    () => plan.run({ x: X }),
    TypeError,
    'Cannot run plan "sum": "layer0/add" uses "memory", which was disposed',
  );
  assertThrows(
    () => device.write(storage, 0, X),
    TypeError,
    'Cannot write "memory": it was disposed',
  );
  await assertRejects(
    () => device.read([{ storage, offset: 0, length: 4 }]),
    TypeError,
    'Cannot read "memory": it was disposed',
  );
});

test("a state carried through two plans is one memory", async (device) => {
  using state = device.state("sum", [4]);
  const accumulate = (rec: Recorder) => {
    const x = rec.input("x", [4], "f32");
    const next = mixed(rec, state, x, 4);
    rec.launch({
      kernel: SCALE,
      operands: { x: next, y: state },
      scalars: { count: 4, factor: 1 },
      workgroups: [1],
    });
    return { inputs: { x }, outputs: { state } };
  };
  using first = await device.plan("first", accumulate);
  using second = await device.plan("second", accumulate);
  first.run({ x: X });
  second.run({ x: X });
  assertEquals([...(await first.read("state")).state], [4, 8, 12, 16]);
});

test("reads and writes that leave their storage are refused", async (device) => {
  using state = device.state("memory", [4]);
  const { storage } = rangeOf(state);
  assertThrows(
    () => device.write(storage, 2, Float32Array.of(1, 2, 3)),
    RangeError,
    'Cannot write "memory": elements 2 to 5 of 4',
  );
  assertThrows(() => device.write(storage, -1, X), RangeError, "elements -1 to 3 of 4");
  await assertRejects(
    () => device.read([{ storage, offset: 1, length: 4 }]),
    RangeError,
    'Cannot read "memory": elements 1 to 5 of 4',
  );
});

test("a shape that changes between recordings is refused by the op that meets it", async (device) => {
  await assertRejects(
    () =>
      device.plan("ragged", (rec) => {
        const a = rec.input("a", [4], "f32");
        const b = rec.input("b", [5], "f32");
        return { inputs: { a, b }, outputs: { c: add(rec, a, b) } };
      }),
    ShapeError,
    'Cannot read "b" as [A0]: expected A0 = 4 as in "a", current shape is [5]',
  );
});

test("memory that does not exist is refused with both sizes", () => {
  using device = new ReferenceDevice({ precision: "f64" });
  assertThrows(
    () => device.state("vast", [2 ** 30]),
    Error,
    'Cannot allocate "vast": it needs 8.0 GiB, one buffer of this adapter holds 2.0 GiB',
  );
});
