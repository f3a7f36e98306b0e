/**
 * Products by the generated kernels themselves, without a recording: operands, their layouts, and
 * what they must be.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { tileGrid, type TilePlan, tileSource } from "@transformer-xl/kernels";
import { chooseAdapter, requestDevice, requiredDirectives } from "@transformer-xl/runtime";
import { assertClose } from "../../support/compare.ts";
import { testGpu } from "../../support/test_gpu.ts";

/** Sizes, strides and starts of one (batched) product. */
export interface Problem {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly outer: number;
  readonly inner: number;
  /** Unused elements at the start of a, b and c, and between their rows. */
  readonly gap: number;
}

export function problem(M: number, N: number, K: number, gap = 0, outer = 1, inner = 1): Problem {
  return { M, N, K, outer, inner, gap };
}

/** The adapter, if there is one. */
export const gpu: RawDevice | undefined = await openRawDevice();

export interface RawDevice {
  readonly device: GPUDevice;
  readonly subgroups: boolean;
  /** First words of every source. */
  readonly directives: string;
}

async function openRawDevice(): Promise<RawDevice | undefined> {
  const choice = await chooseAdapter(testGpu);
  if (choice === undefined) return undefined;
  const device = await requestDevice(choice);
  const directives = await requiredDirectives(device);
  return { device, subgroups: device.features.has("subgroups"), directives };
}

/** Numbers in (-1, 1) that repeat no pattern of the operands' strides. */
export function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 31 - 1;
  });
}

/** Operands and their layout: batches interleave their rows, [row, outer, inner, column]. */
export class Operands {
  readonly sizes: Record<string, number>;
  readonly a: Float32Array<ArrayBuffer>;
  readonly b: Float32Array<ArrayBuffer>;
  readonly c: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;

  constructor(plan: TilePlan, { M, N, K, outer, inner, gap }: Problem) {
    const [aRows, aColumns] = plan.form === "TN" ? [K, M] : [M, K];
    const [bRows, bColumns] = plan.form === "NT" ? [N, K] : [K, N];
    const batches = outer * inner;
    const stride = (columns: number) => batches * columns + gap;
    this.sizes = {
      M,
      N,
      K,
      lda: stride(aColumns),
      ldb: stride(bColumns),
      ldc: stride(N),
      a_offset: gap,
      b_offset: gap,
      c_offset: gap,
      a_outer: inner * aColumns,
      a_inner: aColumns,
      b_outer: inner * bColumns,
      b_inner: bColumns,
      c_outer: plan.splitK > 1 ? M * stride(N) : inner * N,
      c_inner: N,
      outer,
      inner,
      splits: plan.splitK,
      alpha: 0.5,
    };
    this.a = noise(gap + aRows * stride(aColumns) + 4, 1);
    this.b = noise(gap + bRows * stride(bColumns) + 4, 2);
    this.c = noise(gap + M * stride(N) * plan.splitK + 4, 3);
    this.bias = noise(N, 4);
  }

  /** What c must hold afterwards, in float64; elements outside the products keep their value. */
  expected(plan: TilePlan): Float32Array<ArrayBuffer> {
    const { M, N, K, lda, ldb, ldc, outer, inner, alpha } = this.sizes as Record<string, number>;
    const start = (x: string, o: number, i: number) =>
      this.sizes[`${x}_offset`]! + o * this.sizes[`${x}_outer`]! + i * this.sizes[`${x}_inner`]!;
    const want = this.c.slice();
    for (let o = 0; o < outer!; o++) {
      for (let i = 0; i < inner!; i++) {
        const [a0, b0, c0] = [start("a", o, i), start("b", o, i), start("c", o, i)];
        for (let m = 0; m < M!; m++) {
          for (let n = 0; n < N!; n++) {
            let sum = 0;
            for (let k = 0; k < K!; k++) {
              const x = this.a[a0 + (plan.form === "TN" ? k * lda! + m : m * lda! + k)]!;
              sum += x * this.b[b0 + (plan.form === "NT" ? n * ldb! + k : k * ldb! + n)]!;
            }
            const at = c0 + m * ldc! + n;
            const { bias, accumulate, relu } = plan.epilogue;
            const value = alpha! * sum + (bias ? this.bias[n]! : 0) + (accumulate ? want[at]! : 0);
            want[at] = relu ? Math.max(value, 0) : value;
          }
        }
      }
    }
    return want;
  }
}

/** Runs a kernel once on arrays by name, with its uniform's fields and workgroups. */
export type RunKernel = (
  arrays: Record<string, Float32Array<ArrayBuffer>>,
  sizes: Record<string, number>,
  grid: [number, number, number],
) => Promise<Float32Array<ArrayBuffer>>;

/** A compiled kernel that runs on arrays and returns the last read_write one. */
export function compile(source: string, label: string): RunKernel {
  const { device, directives } = gpu!;
  const bindings = [...source.matchAll(/@binding\((\d+)\) var<(\w+)(?:, (\w+))?> (\w+)/g)]
    .map(([, , space, access, name]) => ({ space: space!, access, name: name! }));
  const layout = device.createBindGroupLayout({
    entries: bindings.map(({ space, access }, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: {
        type: space === "uniform" ? "uniform" : access === "read" ? "read-only-storage" : "storage",
      } as const,
    })),
  });
  const pipeline = device.createComputePipeline({
    label,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code: directives + source }) },
  });
  const fields = [.../struct Scalars \{([^}]*)\}/.exec(source)![1]!.matchAll(/(\w+): (u32|f32)/g)];

  return async (
    arrays: Record<string, Float32Array<ArrayBuffer>>,
    sizes: Record<string, number>,
    grid: [number, number, number],
  ): Promise<Float32Array<ArrayBuffer>> => {
    const words = new DataView(new ArrayBuffer(Math.ceil(fields.length / 4) * 16));
    fields.forEach(([, name, type], i) => {
      if (type === "u32") words.setUint32(4 * i, sizes[name!]!, true);
      else words.setFloat32(4 * i, sizes[name!]!, true);
    });
    const buffers = bindings.map(({ space, name }) => {
      const usage = space === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
      const bytes = space === "uniform" ? words.buffer : arrays[name]!;
      const size = Math.max(16, Math.ceil(bytes.byteLength / 16) * 16);
      const buffer = device.createBuffer({
        size,
        usage: usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      device.queue.writeBuffer(buffer, 0, bytes);
      return buffer;
    });
    const result = buffers[bindings.findIndex(({ access }) => access === "read_write")]!;
    const readback = device.createBuffer({
      size: result.size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout,
        entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
      }),
    );
    pass.dispatchWorkgroups(...grid);
    pass.end();
    encoder.copyBufferToBuffer(result, 0, readback, 0, result.size);
    device.queue.submit([encoder.finish()]);
    await readback.mapAsync(GPUMapMode.READ);
    const got = new Float32Array(readback.getMappedRange().slice(0));
    for (const buffer of [...buffers, readback]) buffer.destroy();
    return got;
  };
}

/** Runs every problem through the plan's kernel and compares all of c, gaps included. */
export async function assertProducts(plan: TilePlan, problems: readonly Problem[]): Promise<void> {
  const { source } = tileSource(plan);
  const run = compile(source, `${plan.form} ${plan.stage}`);
  for (const shape of problems) {
    const operands = new Operands(plan, shape);
    const { sizes } = operands;
    const grid = tileGrid(plan, shape.M, shape.N, shape.outer * shape.inner);
    const arrays = { a: operands.a, b: operands.b, c: operands.c, bias: operands.bias };
    const got = (await run(arrays, sizes, grid)).subarray(0, operands.c.length);
    const what = `${plan.stage} ${plan.form} ${JSON.stringify(shape)}`;
    assertClose(got, operands.expected(plan), (shape.K + 4) * 2 ** -23 * (shape.K + 4), what);
    const again = (await run(arrays, sizes, grid)).subarray(0, operands.c.length);
    assertEquals(again, got, `${what}: two runs differ`);
  }
}
