import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  fillNormal,
  fillUniform,
  hashName,
  philox4x32,
  PHILOX_WGSL,
} from "@transformer-xl/runtime";
import fc from "fast-check";
import { testGpu } from "../../support/test_gpu.ts";

type Four = [number, number, number, number];
type Two = [number, number];

Deno.test("philox4x32() gives the known answers of Random123", () => {
  const answers: [Four, Two, Four][] = [
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, words] of answers) {
    assertEquals([...philox4x32(counter, key)], words);
  }
});

Deno.test("philox4x32() equals the definition in 64-bit integers", () => {
  const mask = 0xffffffffn;
  const define = (counter: Four, key: Two): bigint[] => {
    let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
    let [k0, k1] = key.map(BigInt) as [bigint, bigint];
    for (let round = 0; round < 10; round++) {
      const p0 = 0xd2511f53n * a;
      const p1 = 0xcd9e8d57n * c;
      [a, b, c, d] = [(p1 >> 32n) ^ b ^ k0, p1 & mask, (p0 >> 32n) ^ d ^ k1, p0 & mask];
      k0 = (k0 + 0x9e3779b9n) & mask;
      k1 = (k1 + 0xbb67ae85n) & mask;
    }
    return [a, b, c, d];
  };
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
    assertEquals([...philox4x32(counter, key)].map(BigInt), define(counter, key));
  }));
});

Deno.test("fillNormal() is Box-Muller of the stream's words, to the last bit of a float32 or two", () => {
  const normal = fillNormal(new Float32Array(4000), 1111, 9);
  for (let pair = 0; pair < 2000; pair++) {
    const block = Math.floor(pair / 2);
    const words = philox4x32([block, 0, 9, 0x696e6974], [1111, 0]);
    const u = (words[pair % 2 * 2]! + 1) / 2 ** 32;
    const angle = 2 * Math.PI * (words[pair % 2 * 2 + 1]! / 2 ** 32);
    const r = Math.sqrt(-2 * Math.log(u));
    assertAlmostEquals(normal[2 * pair]!, r * Math.cos(angle), 3e-7);
    assertAlmostEquals(normal[2 * pair + 1]!, r * Math.sin(angle), 3e-7);
  }
});

Deno.test("fillNormal() and fillUniform() write any range of a stream as the elements alone", () => {
  const start = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(2 ** 34 + 3));
  const seed = fc.maxSafeInteger();
  fc.assert(fc.property(start, fc.integer({ min: 0, max: 20 }), seed, (start, length, seed) => {
    const normal = fillNormal(new Float32Array(length), seed, 5, { start, mean: 1, std: 0.02 });
    const uniform = fillUniform(new Float32Array(length), seed, 5, { start, low: -0.1, high: 0.1 });
    for (let i = 0; i < length; i++) {
      const alone = () => new Float32Array(1);
      const at = { start: start + i };
      assertEquals(normal[i], fillNormal(alone(), seed, 5, { ...at, mean: 1, std: 0.02 })[0]);
      assertEquals(uniform[i], fillUniform(alone(), seed, 5, { ...at, low: -0.1, high: 0.1 })[0]);
    }
  }));
});

Deno.test("streams, seeds and far indices give other values", () => {
  const first = (seed: number, stream: number, start = 0) =>
    String(fillUniform(new Float32Array(8), seed, stream, { start }));
  const all = [
    first(1, 1),
    first(1, 2),
    first(2, 1),
    first(1 + 2 ** 32, 1),
    first(-1, 1),
    first(1, 1, 2 ** 34),
  ];
  assertEquals(new Set(all).size, all.length);
});

Deno.test("fillNormal() has the moments, tails and independence of a normal sample", () => {
  const n = 400_000;
  const z = fillNormal(new Float32Array(n), 3, hashName("moments"));
  const mean = (f: (x: number, i: number) => number) =>
    z.reduce((sum, x, i) => sum + f(x, i), 0) / n;
  // Five standard errors each.
  const tolerance = 5 / Math.sqrt(n);
  assertAlmostEquals(mean((x) => x), 0, tolerance);
  assertAlmostEquals(mean((x) => x * x), 1, tolerance * Math.sqrt(2));
  assertAlmostEquals(mean((x) => x ** 3), 0, tolerance * Math.sqrt(15));
  assertAlmostEquals(mean((x) => x ** 4), 3, tolerance * Math.sqrt(96));
  assertAlmostEquals(
    mean((x) => Math.abs(x) > 1.959964 ? 1 : 0),
    0.05,
    tolerance * Math.sqrt(0.0475),
  );
  for (const lag of [1, 2, 4]) {
    assertAlmostEquals(mean((x, i) => x * (z[i + lag] ?? 0)), 0, tolerance);
  }
});

Deno.test("fillUniform() fills its range evenly and never reaches 1", () => {
  const n = 160_000;
  const counts = new Float64Array(16);
  for (const u of fillUniform(new Float32Array(n), 3, 8)) {
    assert(0 <= u && u < 1);
    counts[Math.floor(u * 16)]! += 1;
  }
  const chiSquare = counts.reduce((sum, c) => sum + (c - n / 16) ** 2 / (n / 16), 0);
  // 99.99 % point of chi-square with 15 degrees of freedom.
  assert(chiSquare < 44.3, `chi-square ${chiSquare}`);
});

const adapter = await testGpu?.requestAdapter() ?? null;
if (adapter === null) console.warn("philox_test: no GPU adapter, the WGSL text is not compared");

Deno.test({
  name: "PHILOX_WGSL gives the host's bits for 1000 counters",
  ignore: adapter === null,
  async fn() {
    const n = 1000;
    const device = await adapter!.requestDevice();
    const operands = fillOperands(n);
    const input = device.createBuffer({
      size: operands.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    const output = device.createBuffer({
      size: 16 * n,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
    });
    const staging = device.createBuffer({
      size: 16 * n,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(input, 0, operands);
    const code = `${PHILOX_WGSL}
      struct Operand { counter: vec4<u32>, key: vec4<u32> }
      @group(0) @binding(0) var<storage, read> operands: array<Operand>;
      @group(0) @binding(1) var<storage, read_write> words: array<vec4<u32>>;
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        if (id.x < ${n}u) {
          words[id.x] = philox4x32_10(operands[id.x].counter, operands[id.x].key.xy);
        }
      }`;
    const pipeline = await device.createComputePipelineAsync({
      layout: "auto",
      compute: { module: device.createShaderModule({ code }) },
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [
          { binding: 0, resource: { buffer: input } },
          { binding: 1, resource: { buffer: output } },
        ],
      }),
    );
    pass.dispatchWorkgroups(Math.ceil(n / 64));
    pass.end();
    encoder.copyBufferToBuffer(output, 0, staging, 0, 16 * n);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const words = new Uint32Array(staging.getMappedRange().slice(0));
    for (const buffer of [input, output, staging]) buffer.destroy();
    device.destroy();
    for (let i = 0; i < n; i++) {
      const [a, b, c, d, k0, k1] = operands.subarray(8 * i) as unknown as [...Four, ...Two];
      assertEquals([...words.subarray(4 * i, 4 * i + 4)], [...philox4x32([a, b, c, d], [k0, k1])]);
    }
  },
});

/** Counter, key and two words of padding per row: corner values first, then random words. */
function fillOperands(n: number): Uint32Array<ArrayBuffer> {
  const operands = new Uint32Array(8 * n);
  for (let i = 0; i < n; i++) operands.set(philox4x32([i, 0, 0, 1], [0, 0]), 8 * i);
  for (let i = 0; i < n; i++) operands.set(philox4x32([i, 0, 0, 2], [0, 0]), 8 * i + 4);
  operands.fill(0, 0, 8).fill(0xffffffff, 8, 16).fill(0x80000000, 16, 24).fill(0xffff, 24, 32);
  return operands;
}
