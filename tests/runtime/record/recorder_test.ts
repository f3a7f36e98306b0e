import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Device,
  DryDevice,
  kernel,
  type Launch,
  PORTABLE_LIMITS,
  Recorder,
  ReferenceDevice,
  ShaderError,
  workgroupsOf,
} from "@transformer-xl/runtime";
import { COPY_VECTORS, MIX, SCALE, scaled } from "../../support/sample_ops.ts";

/** A recorder with an input `x` and a temporary `y` of `size` floats. */
function recording(size = 8) {
  const rec = new Recorder(PORTABLE_LIMITS);
  const x = rec.input("x", [size], "f32");
  const y = rec.temporary([size], "f32", "y");
  const scale: Launch = {
    kernel: SCALE,
    operands: { x, y },
    scalars: { count: size, factor: 2 },
    workgroups: [1],
  };
  return { rec, x, y, scale };
}

function assertRefused(rec: Recorder, launch: Launch, message: string): void {
  assertThrows(() => rec.launch(launch), ShaderError, message);
  assertEquals(rec.commands, [], "a refused launch is not recorded");
}

Deno.test("launch() appends a command labelled with its scopes", () => {
  const { rec, scale } = recording();
  rec.scope("layer0", () => rec.scope("attention", () => rec.launch(scale)));
  rec.launch(scale);
  assertEquals(rec.commands.map(({ label }) => label), ["layer0/attention/scale", "scale"]);
});

Deno.test("a scope ends when its body throws", () => {
  const { rec, scale } = recording();
  assertThrows(() =>
    rec.scope("layer0", () => {
      throw new Error("body");
    })
  );
  rec.launch(scale);
  assertEquals(rec.commands[0]!.label, "scale");
});

Deno.test("launch() turns threads into workgroups of the size that the kernel declares", () => {
  const { rec, x, y } = recording();
  const declared = (size: string) =>
    kernel(
      "grid",
      `override LANES: u32 = 4;
      @group(0) @binding(0) var<storage, read> x: array<f32>;
      @group(0) @binding(1) var<storage, read_write> y: array<f32>;
      ${size}`,
      () => {},
    );
  const count = rec.scalar("count");
  const workgroups = (size: string, grid: Pick<Launch, "threads"> | Pick<Launch, "workgroups">) => {
    rec.launch(
      { kernel: declared(size), operands: { x, y }, constants: { LANES: 8 }, ...grid } as Launch,
    );
    const last = rec.commands.at(-1)!;
    return last.kind === "launch" ? last.workgroups : undefined;
  };
  assertEquals(workgroups("@workgroup_size(64)", { threads: 65 }), [2, 1]);
  assertEquals(workgroups("@workgroup_size(LANES, 2)", { threads: 33 }), [3, 1]);
  assertEquals(workgroups("@workgroup_size(LANES, 2)", { threads: [33, 5, 7] }), [5, 3, 7]);
  assertEquals(workgroups("@workgroup_size(LANES)", { threads: [{ scalar: count, per: 0.5 }] }), [
    { scalar: count, per: 4 },
  ]);
  assertEquals(workgroups("", { workgroups: 3 }), [3, 1]);
  const grid: Launch = { kernel: declared(""), operands: { x, y }, threads: 1 };
  assertThrows(
    () => rec.launch(grid),
    ShaderError,
    'Cannot launch "grid" by threads: its source has no workgroup size',
  );
  assertThrows(
    () => rec.launch({ ...grid, kernel: declared("@workgroup_size(LANES)") }),
    ShaderError,
    'Cannot launch "grid" by threads: its workgroup size needs constants that are not given',
  );
});

Deno.test("a line of threads that is too long along x is wrapped over y and covers every element", () => {
  const rec = new Recorder({ ...PORTABLE_LIMITS, maxWorkgroups: 10 });
  for (const count of [0, 1, 64, 65, 640, 641, 1280, 1281, 6000]) {
    const [x, y] = [rec.input("x", [count], "f32"), rec.temporary([count], "f32", "y")];
    rec.launch({
      kernel: SCALE,
      operands: { x, y },
      scalars: { count, factor: 2 },
      threads: count,
    });
    const last = rec.commands.at(-1)!;
    const [width, height] = last.kind === "launch" ? last.workgroups as [number, number] : [0, 0];
    const covers = width <= 10 && height <= 10 && width * height * 64 >= count;
    assertEquals(covers, true, `${count} in ${width} x ${height}`);
    if (count === 0) assertEquals([width, height], [0, 0]);
  }
});

Deno.test("node() makes what its body records one entry of the tape, and returns the body's value", () => {
  const { rec, x, y, scale } = recording();
  rec.launch(scale);
  const cost = { flops: 8, bytes: 64 };
  const result = rec.node("twice", { inputs: { x }, outputs: { y }, cost }, () => {
    rec.launch(scale);
    rec.launch(scale);
    return "result";
  });
  assertEquals(result, "result");
  const [node] = rec.nodes;
  assertEquals([node!.name, node!.commands, node!.cost], ["twice", [1, 3], cost]);
  assertEquals([node!.inputs["x"] === x, node!.outputs["y"] === y, node!.vjp], [
    true,
    true,
    undefined,
  ]);
  rec.node("nothing", { cost }, () => {});
  assertEquals([rec.nodes[1]!.commands, rec.nodes[1]!.inputs], [[3, 3], {}]);
});

Deno.test("launch() refuses an operand that is missing, and one that is not declared", () => {
  const { rec, x, y, scale } = recording();
  assertRefused(
    rec,
    { ...scale, operands: { x } },
    'Cannot launch "scale": operands [y] are not given',
  );
  assertRefused(
    rec,
    { ...scale, operands: { x, y, z: y } },
    'Cannot launch "scale": operands [z] are not declared',
  );
});

Deno.test("launch() refuses a scalar that is missing, and one that is not declared", () => {
  const { rec, scale } = recording();
  assertRefused(
    rec,
    { ...scale, scalars: { count: 8 } },
    'Cannot launch "scale": scalars [factor] are not given',
  );
  assertRefused(
    rec,
    { ...scale, scalars: { count: 8, factor: 1, rows: 2 } },
    'Cannot launch "scale": scalars [rows] are not declared',
  );
});

Deno.test("launch() refuses a constant that is missing, and one that is not declared", () => {
  const { rec, x, y } = recording();
  const copy: Launch = { kernel: COPY_VECTORS, operands: { x, y }, workgroups: [1] };
  assertRefused(rec, copy, 'Cannot launch "copy_vectors": constants [STRIDE] are not given');
  assertRefused(
    rec,
    { ...copy, constants: { STRIDE: 1, TILE: 8 } },
    'Cannot launch "copy_vectors": constants [TILE] are not declared',
  );
  rec.launch({ ...copy, constants: { STRIDE: 1 } });
  assertEquals(rec.commands.length, 1, "a constant with a default may be left out");
});

Deno.test("launch() refuses another dtype than the kernel's", () => {
  const { rec, y, scale } = recording();
  const ids = rec.input("ids", [8], "u32");
  assertRefused(
    rec,
    { ...scale, operands: { x: ids, y } },
    'Cannot launch "scale": operand "x" is u32, expected f32',
  );
});

Deno.test("launch() refuses a size that vectors do not divide", () => {
  const { rec, x, y } = recording(6);
  assertRefused(
    rec,
    { kernel: COPY_VECTORS, operands: { x, y }, constants: { STRIDE: 1 }, workgroups: [1] },
    'Cannot launch "copy_vectors": operand "x" has 6 elements, not a multiple of 4',
  );
});

Deno.test("launch() refuses a buffer that is read and written through two bindings", () => {
  const { rec, y, scale } = recording();
  assertRefused(
    rec,
    { ...scale, operands: { x: y, y } },
    'Cannot launch "scale": operand "y" shares a buffer with another operand that is written',
  );
  assertRefused(
    rec,
    { ...scale, operands: { x: rec.alias(y, [2, 4]), y } },
    "shares a buffer with another operand that is written",
  );
});

Deno.test("launch() refuses two ranges of one state, one of them written", () => {
  using device = new ReferenceDevice({ precision: "f32" });
  using state = device.state("state", [8]);
  const { rec, scale } = recording();
  assertRefused(rec, { ...scale, operands: { x: state, y: state } }, "shares a buffer");
});

Deno.test("launch() lets one buffer be read through two bindings", () => {
  const { rec, x, y } = recording();
  rec.launch({ kernel: MIX, operands: { a: x, b: x, c: y }, workgroups: [1] });
  assertEquals(rec.commands.length, 1);
});

Deno.test("launch() refuses to write a constant", () => {
  const { rec, x, scale } = recording();
  const table = rec.constant("table", [8], "f32", new Float32Array(8));
  assertRefused(
    rec,
    { ...scale, operands: { x, y: table } },
    'Cannot launch "scale": operand "y" is written, but "table" is a constant',
  );
});

Deno.test("launch() refuses a frozen number that its field cannot hold", () => {
  const { rec, scale } = recording();
  for (const count of [-1, 1.5, 2 ** 32, NaN]) {
    assertRefused(
      rec,
      { ...scale, scalars: { count, factor: 1 } },
      `Cannot launch "scale": scalar "count" is ${count}, expected u32`,
    );
  }
  rec.launch({ ...scale, scalars: { count: 2 ** 32 - 1, factor: -0.1 } });
});

Deno.test("launch() folds workgroups above the device's limit, and refuses what three dimensions cannot hold", () => {
  const { rec, scale } = recording();
  assertRefused(
    rec,
    { ...scale, workgroups: [65_536, 65_536] },
    'Cannot launch "scale": it has 65536 x 65536 x 1 workgroups, this adapter holds 65535 along ' +
      "each of three dimensions",
  );
  rec.launch({ ...scale, workgroups: [65_536, 3] });
  const command = rec.commands.at(-1)!;
  assert(command.kind === "launch" && command.folded);
  assertEquals(command.label, "scale_folded");
  assertEquals(workgroupsOf(command, new Map(), 65_535), [49_152, 4, 1]);
  rec.launch({ ...scale, workgroups: [65_535, 65_535] });
  assertEquals((rec.commands.at(-1) as { folded?: boolean }).folded, undefined);
});

Deno.test("constant() refuses values that do not fill the shape", () => {
  const { rec } = recording();
  assertThrows(
    () => rec.constant("table", [2, 2], "f32", new Float32Array(3)),
    TypeError,
    'Cannot record constant "table": 3 values for shape [2,2]',
  );
});

Deno.test("a constant that a function computes is computed by devices that hold it, and is checked there", async () => {
  let calls = 0;
  const planned = (device: Device, length: number) =>
    device.plan("table", (rec) => {
      const compute = () => Float32Array.from({ length }, () => ++calls);
      const table = rec.constant("table", [2, 2], "f32", compute);
      return { inputs: {}, outputs: { y: scaled(rec, table, 10) } };
    });
  await planned(new DryDevice(PORTABLE_LIMITS), 3);
  assertEquals(calls, 0);
  using device = new ReferenceDevice({ precision: "f32" });
  using plan = await planned(device, 4);
  plan.run({});
  assertEquals([...(await plan.read("y")).y], [10, 20, 30, 40]);
  await assertRejects(
    () => planned(device, 3),
    TypeError,
    'Cannot record constant "table": 3 values for shape [2,2]',
  );
});

Deno.test("an op is one node with its launches and its work", () => {
  const { rec, x } = recording();
  scaled(rec, scaled(rec, x, 2), 3);
  assertEquals(rec.nodes.map(({ name, commands, cost }) => ({ name, commands, cost })), [
    { name: "scale", commands: [0, 1], cost: { flops: 8, bytes: 64 } },
    { name: "scale", commands: [1, 2], cost: { flops: 8, bytes: 64 } },
  ]);
});

Deno.test("an op has the scopes around it, and those it is attributed to, which labels have not", () => {
  const { rec, x } = recording();
  rec.scope("layer0", () => rec.scope("attention", () => scaled(rec, x, 2)));
  rec.scope("backward", () => rec.attribute(["layer0", "attention"], () => scaled(rec, x, 3)));
  scaled(rec, x, 4);
  assertEquals(rec.nodes.map(({ scope }) => scope), [
    ["layer0", "attention"],
    ["backward", "layer0", "attention"],
    [],
  ]);
  assertEquals(rec.commands.map(({ label }) => label), [
    "layer0/attention/scale",
    "backward/scale",
    "scale",
  ]);
});

Deno.test("a kernel without operands of its own still launches", () => {
  const { rec } = recording();
  rec.launch({ kernel: kernel("empty", "", () => {}), operands: {}, workgroups: [1] });
  assertEquals(rec.commands.length, 1);
});

Deno.test("an extended temporary is as long as its longest handle; others cannot be extended", () => {
  const { rec, x, y } = recording();
  const longer = rec.extended(y, 20);
  assertEquals([longer.size, rec.extended(y, 12).size, y.size], [20, 12, 8]);
  const [before, after] = [y, longer].map(({ range }) => range);
  assertEquals(before, after);
  assert(after!.kind === "plan");
  assertEquals(rec.buffers[after!.buffer]!.length, 20);
  const foreign = recording().rec;
  for (const extend of [() => rec.extended(x, 20), () => foreign.extended(y, 20)]) {
    assertThrows(extend, TypeError, "no temporary of this recording");
  }
});

Deno.test("what is put off is recorded at the end, once for each key, and at once outside", () => {
  const { rec } = recording();
  const done: string[] = [];
  const put = (key: string, what: string) => rec.atEnd(key, () => void done.push(what));
  rec.withEnd(() => {
    put("a", "first");
    put("b", "other");
    put("a", "last");
    rec.withEnd(() => put("a", "inner"));
    assertEquals(done, ["inner"]);
  });
  put("a", "outside");
  assertEquals(done, ["inner", "last", "other", "outside"]);
});
