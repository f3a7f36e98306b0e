/**
 * Two measured speeds that bound every kernel: copied bytes and multiply-adds per second. Each is
 * the best of several dispatches that are long enough to hide the cost of a submission.
 *
 * @module
 */
import type { Readback } from "../gpu/readback.ts";
import COPY from "./copy.wgsl" with { type: "text" };
import MULTIPLY_ADD from "./multiply_add.wgsl" with { type: "text" };

/** Measured speeds of a device. */
export interface Speeds {
  /** Bytes read plus bytes written, per second. */
  readonly copyBytesPerSecond: number;
  /** Floating point operations per second, f32; a multiply-add counts as two. */
  readonly flopsPerSecond: number;
}

const LANES_PER_GROUP = 64;
const BYTES_PER_LANE = 4 * 16;
const FLOPS_PER_ROUND = 2 * 4 * 12;
const COPY_BYTES_GPU = 256 * 2 ** 20; // larger than any cache
const COPY_BYTES_SOFTWARE = 64 * 2 ** 20;
const REPEATS = 5;
const WORTH_MEASURING_MS = 40;
const MULTIPLY_ADD_GROUPS = 4096;
const MAX_ROUNDS = 1 << 16;

/**
 * Measures a device in a second or two.
 *
 * @param readback waits for the queue
 * @param software whether the device is a software driver, which needs smaller buffers
 */
export async function measureSpeeds(
  gpu: GPUDevice,
  readback: Pick<Readback, "fence">,
  software: boolean,
): Promise<Speeds> {
  const copyBytes = Math.min(
    software ? COPY_BYTES_SOFTWARE : COPY_BYTES_GPU,
    gpu.limits.maxStorageBufferBindingSize,
  );
  const groups = Math.ceil(copyBytes / BYTES_PER_LANE / LANES_PER_GROUP);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const [source, copied] = ["source", "copied"].map((label) =>
    gpu.createBuffer({ label, size: groups * LANES_PER_GROUP * BYTES_PER_LANE, usage })
  );
  const [layout, bindGroup] = bind(gpu, source!, copied!);
  try {
    const copy = pipeline(gpu, layout, "copy", COPY, {});
    const columns = Math.min(groups, gpu.limits.maxComputeWorkgroupsPerDimension);
    const timed = { gpu, readback, bindGroup };
    const copyMs = await bestMs(timed, copy, columns, Math.ceil(groups / columns));
    return {
      copyBytesPerSecond: 2 * groups * LANES_PER_GROUP * BYTES_PER_LANE / copyMs * 1000,
      flopsPerSecond: await measureFlops(timed, layout, Math.min(groups, MULTIPLY_ADD_GROUPS)),
    };
  } finally {
    source!.destroy();
    copied!.destroy();
  }
}

/** Where and over what kernels are timed. */
interface Timed {
  readonly gpu: GPUDevice;
  readonly readback: Pick<Readback, "fence">;
  readonly bindGroup: GPUBindGroup;
}

async function measureFlops(
  timed: Timed,
  layout: GPUBindGroupLayout,
  groups: number,
): Promise<number> {
  for (let rounds = 16;; rounds *= 4) {
    const constants = { ROUNDS: rounds };
    const arithmetic = pipeline(timed.gpu, layout, "multiply-add", MULTIPLY_ADD, constants);
    const elapsedMs = await bestMs(timed, arithmetic, groups, 1);
    if (elapsedMs >= WORTH_MEASURING_MS || rounds >= MAX_ROUNDS) {
      return groups * LANES_PER_GROUP * rounds * FLOPS_PER_ROUND / elapsedMs * 1000;
    }
  }
}

function bind(
  gpu: GPUDevice,
  source: GPUBuffer,
  copied: GPUBuffer,
): [GPUBindGroupLayout, GPUBindGroup] {
  const visibility = GPUShaderStage.COMPUTE;
  const layout = gpu.createBindGroupLayout({
    entries: [
      { binding: 0, visibility, buffer: { type: "read-only-storage" } },
      { binding: 1, visibility, buffer: { type: "storage" } },
    ],
  });
  const entries = [source, copied].map((buffer, binding) => ({ binding, resource: { buffer } }));
  return [layout, gpu.createBindGroup({ layout, entries })];
}

function pipeline(
  gpu: GPUDevice,
  layout: GPUBindGroupLayout,
  label: string,
  code: string,
  constants: Record<string, number>,
): GPUComputePipeline {
  return gpu.createComputePipeline({
    label,
    layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: gpu.createShaderModule({ label, code }), entryPoint: "main", constants },
  });
}

async function bestMs(
  { gpu, readback, bindGroup }: Timed,
  work: GPUComputePipeline,
  columns: number,
  rows: number,
): Promise<number> {
  let bestMs = Infinity;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(work);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(columns, rows);
    pass.end();
    const commands = encoder.finish();
    const startMs = performance.now();
    gpu.queue.submit([commands]);
    await readback.fence();
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  return bestMs;
}
