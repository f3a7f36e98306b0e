import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  chooseAdapter,
  ConfigError,
  type Device,
  DeviceError,
  formatBytes,
  GpuDevice,
  type GpuStorage,
  kernel,
  openDevice,
  rangeOf,
  Readback,
  type Recorder,
  ReferenceDevice,
  ShaderError,
} from "@transformer-xl/runtime";
import { awaitingGpu } from "../../support/awaiting_gpu.ts";
import { MIX, mixed, SCALE, scaled } from "../../support/sample_ops.ts";
import { gpuTest, openTestGpu } from "../../support/test_gpu.ts";

const NOTHING = () => {};

/** Records one launch of a kernel like SCALE with changed source. */
function launching(source: string) {
  const broken = kernel("broken", source, NOTHING);
  return (rec: Recorder) => {
    const x = rec.input("x", [4], "f32");
    const y = rec.temporary([4], "f32", "y");
    rec.launch({
      kernel: broken,
      operands: { x, y },
      scalars: { count: 4, factor: 2 },
      workgroups: [1],
    });
    return { inputs: { x }, outputs: { y } };
  };
}

/** Adds a state and an input; the op is labelled `layer0/add`. */
function adding(state: ReturnType<Device["state"]>) {
  return (rec: Recorder) => {
    const x = rec.input("x", [4], "f32");
    return { inputs: { x }, outputs: { y: rec.scope("layer0", () => mixed(rec, state, x, 4)) } };
  };
}

const X = Float32Array.of(1, 2, 3, 4);

gpuTest(
  "a WGSL syntax error shows file, line, source and caret, and frees everything",
  async () => {
    const gpu = await openTestGpu();
    const before = gpu.liveBytes;
    const record = launching(SCALE.source.replace("x[id.x];", "x[id.x]"));
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await assertRejects(() => gpu.plan("training", record), ShaderError);
      assertMatch(error.message, /^Cannot compile "broken\.wgsl": .*expected [`'];[`']/);
      assertMatch(error.message, /wgsl:8:66\n/);
      assertMatch(error.message, /y\[id\.x\] = scalars\.factor \* x\[id\.x\] }\n.* \^/);
      assertMatch(error.message, /\S$/);
    }
    assertEquals(gpu.liveBytes, before);
  },
);

gpuTest("a WGSL type error names the kernel, line and both types", async () => {
  const gpu = await openTestGpu();
  const source = SCALE.source.replace("scalars.factor *", "scalars.count *");
  const error = await assertRejects(() => gpu.plan("training", launching(source)), ShaderError);
  for (const part of [/wgsl:8:/, /\^/, /Uint|u32/, /Float|f32/]) assertMatch(error.message, part);
});

gpuTest("a kernel without main is named", async () => {
  const gpu = await openTestGpu();
  const source = SCALE.source.replace("fn main", "fn mane");
  await assertRejects(
    () => gpu.plan("training", launching(source)),
    ShaderError,
    'Cannot compile "broken.wgsl": ',
  );
});

gpuTest(
  "a failed plan leaves the device usable, also when plans are made at the same time",
  async () => {
    const gpu = await openTestGpu();
    const before = gpu.liveBytes;
    const doubled = (rec: Recorder) => {
      const x = rec.input("x", [4], "f32");
      return { inputs: { x }, outputs: { y: scaled(rec, x, 2) } };
    };
    const broken = launching(SCALE.source.replace("scalars.factor *", "factor *"));
    const [good, bad, other] = await Promise.allSettled([
      gpu.plan("good", doubled),
      gpu.plan("bad", broken),
      gpu.plan("other", doubled),
    ]);
    assertEquals([good.status, bad.status, other.status], ["fulfilled", "rejected", "fulfilled"]);
    for (const result of [good, other]) {
      if (result.status !== "fulfilled") continue;
      using plan = result.value as Awaited<ReturnType<typeof gpu.plan>>;
      plan.run({ x: X } as never);
      assertEquals([...(await plan.read("y"))["y"]!], [2, 4, 6, 8]);
    }
    assertEquals(gpu.liveBytes, before);
  },
);

gpuTest(
  "a buffer beyond the largest binding is refused with the plan's name, and freed",
  async () => {
    const gpu = await openTestGpu();
    const before = gpu.liveBytes;
    const length = gpu.limits.maxBindingBytes / 4 + 64;
    if (length * 4 > gpu.limits.maxBufferBytes) return; // every buffer can be bound as a whole here
    {
      using vast = gpu.state("vast", [length]);
      await assertRejects(
        () =>
          gpu.plan("training", (rec) => {
            const y = mixed(rec, vast, vast, 4);
            return { inputs: {}, outputs: { y } };
          }),
        ShaderError,
        'Cannot compile plan "training": ',
      );
    }
    assertEquals(gpu.liveBytes, before);
  },
);

gpuTest(
  "memory beyond a buffer's limit or the budget is refused before the driver is asked",
  async () => {
    const gpu = await openTestGpu();
    const before = gpu.liveBytes;
    const { maxBufferBytes } = gpu.limits;
    const error = assertThrows(
      () => gpu.state("vast", [maxBufferBytes / 4 + 1]),
      DeviceError,
      `Cannot allocate "vast": it needs ${formatBytes(maxBufferBytes + 4)}, ` +
        `one buffer of this adapter holds ${formatBytes(maxBufferBytes)}`,
    );
    assertEquals(error.reason, "out-of-memory");
    assertEquals(gpu.liveBytes, before);

    class Small extends ReferenceDevice {
      override readonly budgetBytes = 1024;
    }
    using small = new Small({ precision: "f32" });
    using _first = small.state("first", [200]);
    assertThrows(
      () => small.state("second", [100]),
      DeviceError,
      'Cannot allocate "second": it needs 0.4 KiB beside 0.8 KiB in use, the device has 1.0 KiB',
    );
  },
);

for (const first of ["read", "idle"] as const) {
  gpuTest(
    `an error of WebGPU during a run is thrown by the next ${first}, with the plan's name`,
    async () => {
      using gpu = await GpuDevice.open();
      using state = gpu.state("memory", [4]);
      using plan = await gpu.plan("training step", adding(state));
      plan.run({ x: X });
      await gpu.idle();
      (rangeOf(state).storage as GpuStorage).buffer.destroy(); // behind the runtime's back
      plan.run({ x: X });
      const message = `Cannot run plan "training step" on "${gpu.info.adapter}": `;
      const ask = () => first === "read" ? plan.read("y") : gpu.idle();
      const error = await assertRejects(ask, DeviceError, message);
      assertMatch(error.message, /['"]memory['"]/);
      assertEquals(error.reason, "validation");
      assertThrows(() => plan.run({ x: X }), DeviceError, message, "it stays");
      await assertRejects(() => gpu.idle(), DeviceError, message);
    },
  );
}

gpuTest("an error outside a plan is thrown by the next read", async () => {
  using gpu = await GpuDevice.open();
  using state = gpu.state("memory", [4]);
  gpu.gpu.createBuffer({ label: "stray", size: 16, usage: 0 });
  await assertRejects(() => gpu.read([rangeOf(state)]), DeviceError, "Cannot run on ");
});

gpuTest("a closed device refuses runs, reads, plans and waits", async () => {
  const gpu = await GpuDevice.open();
  const state = gpu.state("memory", [4]);
  const plan = await gpu.plan("training step", adding(state));
  gpu[Symbol.dispose]();
  const message = `Cannot run on "${gpu.info.adapter}": the device was closed`;
  assertThrows(() => plan.run({ x: X }), DeviceError, message);
  await assertRejects(() => plan.read("y"), DeviceError, message);
  await assertRejects(() => plan.profile({ x: X }), DeviceError, message);
  await assertRejects(() => gpu.plan("late", adding(state)), DeviceError, message);
  await assertRejects(() => gpu.idle(), DeviceError, message);
  plan[Symbol.dispose]();
  state[Symbol.dispose]();
  assertEquals(gpu.liveBytes, 0);
});

gpuTest("a device lost during a read is reported", async () => {
  using gpu = await GpuDevice.open();
  using state = gpu.state("memory", [4]);
  gpu.gpu.destroy(); // as a driver would
  const message = `Cannot read from "${gpu.info.adapter}": `;
  const error = await assertRejects(() => gpu.read([rangeOf(state)]), DeviceError, message);
  assertEquals(error.reason, "lost");
});

gpuTest("reads of several megabytes come back whole, in pieces and unaligned", async () => {
  const gpu = await openTestGpu();
  const before = gpu.liveBytes;
  {
    const length = 2 ** 21 + 7; // 8 MiB and 28 bytes: three pieces
    using words = gpu.state("words", [length], "u32");
    using reals = gpu.state("reals", [length]);
    const pattern = new Uint32Array(length);
    for (let i = 0; i < length; i++) pattern[i] = Math.imul(i, 0x9e3779b1);
    const sevenths = new Float32Array(length);
    for (let i = 0; i < length; i++) sevenths[i] = pattern[i]! / 7;
    const [word, real] = [rangeOf(words).storage, rangeOf(reals).storage];
    gpu.write(word, 0, pattern);
    gpu.write(real, 0, sevenths);
    const spans = [[0, length], [1, 1], [length - 3, 3], [5, 2 ** 20 + 3], [11, 0], [
      2 ** 20 - 1,
      5,
    ]];
    const ranges = spans.flatMap(([offset, count]) =>
      [word, real].map((storage) => ({ storage, offset: offset!, length: count! }))
    );
    const arrays = await gpu.read(ranges);
    ranges.forEach(({ storage, offset, length }, n) => {
      const array = arrays[n]!;
      assertEquals(array.constructor, storage === word ? Uint32Array : Float32Array);
      assertEquals(array.length, length);
      const want = storage === word ? pattern : sevenths;
      let wrong = -1;
      for (let i = 0; i < length; i++) if (array[i] !== want[offset + i]) wrong = i;
      assertEquals(wrong, -1, `range ${n}, element ${wrong}`);
    });
  }
  assertEquals(gpu.liveBytes, before);
});

gpuTest("a thousand ranges are one read", async () => {
  const gpu = await openTestGpu();
  using state = gpu.state("state", [3000]);
  const { storage } = rangeOf(state);
  gpu.write(storage, 0, Float32Array.from({ length: 3000 }, (_, i) => i));
  const ranges = Array.from({ length: 1000 }, (_, n) => ({ storage, offset: 3 * n, length: 3 }));
  const arrays = await gpu.read(ranges);
  assertEquals(arrays.map((array) => array[2]), ranges.map(({ offset }) => offset + 2));
  assertEquals(await gpu.read([]), []);
});

gpuTest(
  "a read holds what was computed before the call, and reads do not disturb each other",
  async () => {
    const gpu = await openTestGpu();
    using plan = await gpu.plan("scale", (rec) => {
      const x = rec.input("x", [4], "f32");
      return { inputs: { x }, outputs: { y: scaled(rec, x, 2) } };
    });
    const reads: Promise<{ readonly y: ArrayLike<number> }>[] = [];
    for (let n = 0; n < 20; n++) {
      plan.run({ x: new Float32Array(4).fill(n) });
      reads.push(plan.read("y"));
    }
    assertEquals((await Promise.all(reads)).map(({ y }) => y[3]), reads.map((_, n) => 2 * n));
  },
);

gpuTest(
  "a large read holds what was there before work that is submitted when it arrives",
  async () => {
    const gpu = await openTestGpu();
    const length = 9 * 2 ** 20; // 36 MiB: three staging buffers
    using state = gpu.state("state", [length]);
    const { storage } = rangeOf(state);
    const into = gpu.hostArray("f32", length);
    for (const [value, reserved] of [[7, 0], [8, 4 * length]] as const) {
      await gpu.reserveReads(reserved);
      gpu.write(storage, 0, new Float32Array(length).fill(value));
      let arrivals = 0;
      await gpu.readInto([{ storage, offset: 0, length }], [into], () => {
        arrivals++;
        gpu.write(storage, 0, new Float32Array(length).fill(-1));
      });
      assertEquals(arrivals, 1);
      assert(into.every((got) => got === value));
    }
  },
);

gpuTest("Deno's own maps need no awaiting, so a read takes no 10 ms", async () => {
  const gpu = await openTestGpu();
  using readback = await Readback.open(gpu.gpu);
  assertEquals(readback.synchronous, gpu.info.implementation === undefined);
});

Deno.test("where maps must be awaited, a read still holds what was there at the call", async () => {
  const gpu = awaitingGpu();
  using readback = await Readback.open(gpu);
  assertEquals(readback.synchronous, false);
  const bytes = 20 * 2 ** 20; // two staging buffers
  const buffer = gpu.createBuffer({ size: bytes, usage: 0 });
  const targets = [1, 2, 3].map(() => new Uint8Array(bytes));
  const reads = targets.map((target, n) => {
    gpu.queue.writeBuffer(buffer, 0, new Uint32Array(bytes / 4).fill(n + 1));
    return readback.read([{ buffer, offset: 0, bytes }], [target]);
  });
  await Promise.all(reads);
  targets.forEach((target, n) => {
    assert(new Uint32Array(target.buffer).every((word) => word === n + 1), `read ${n}`);
  });
});

gpuTest("the same recording gives the same bits twice", async () => {
  const gpu = await openTestGpu();
  const compute = async () => {
    using plan = await gpu.plan("sums", (rec) => {
      const x = rec.input("x", [1000], "f32");
      let y = scaled(rec, x, 1 / 3);
      for (let n = 0; n < 5; n++) y = mixed(rec, scaled(rec, y, 0.1 * n), y, 1000);
      return { inputs: { x }, outputs: { y } };
    });
    plan.run({ x: Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i)) });
    return new Uint32Array((await plan.read("y")).y.buffer);
  };
  assertEquals(await compute(), await compute());
});

gpuTest("memory is accounted by role", async () => {
  using gpu = await GpuDevice.open();
  {
    using _state = gpu.state("state", [100]);
    using plan = await gpu.plan("mix", (rec) => {
      const x = rec.input("x", [64], "f32");
      const y = rec.temporary([64], "f32", "y");
      rec.launch({ kernel: MIX, operands: { a: x, b: x, c: y }, workgroups: [1] });
      return { inputs: { x }, outputs: { z: scaled(rec, y, 2) } };
    });
    const bytes = { input: 256, output: 256, temporary: 256, scalars: 32 };
    assertEquals(plan.bytes, { ...bytes, scalars: 256 + 16 });
    assertEquals(Object.fromEntries(gpu.liveBytesByRole), {
      ...bytes,
      scalars: 256 + 16,
      state: 400,
    });
    assertEquals(gpu.liveBytes, 400 + 3 * 256 + 272);
  }
  assertEquals(gpu.liveBytes, 0);
});

Deno.test("openDevice() refuses a device that it does not know", async () => {
  await assertRejects(() => openDevice("gpux" as "gpu"), ConfigError, 'Cannot open device "gpux"');
});

Deno.test("openDevice() says what it opened", async () => {
  const sentences: string[] = [];
  using cpu = await openDevice("cpu", (sentence) => sentences.push(sentence));
  assertEquals(cpu.info.kind, "cpu");
  using auto = await openDevice("auto", (sentence) => sentences.push(sentence));
  assertEquals(sentences.length, 2);
  assertStringIncludes(sentences[0]!, "on the CPU");
  assertEquals(sentences[1]!.includes(auto.info.adapter), auto.info.kind !== "cpu");
});

gpuTest("without WebGPU there is no adapter", async () => {
  assertEquals(await chooseAdapter(undefined), undefined);
});
