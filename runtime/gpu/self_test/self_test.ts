/**
 * Detection of drivers that silently compute wrong numbers. Mesa's software rasteriser before
 * version 25 leaves every shader loop after 65,535 iterations per invocation. The adapter's name
 * only contains the LLVM version, so the test runs such a loop, which takes about a millisecond.
 *
 * @module
 */
import { DeviceError } from "../../base/errors.ts";
import LOOP_TEST from "./loop_test.wgsl" with { type: "text" };
import type { Readback } from "../readback.ts";

/** Length of the loop that a driver must finish: more than the 65,535 that old Mesa allows. */
export const LOOP_TEST_ITERATIONS = 70_000;

const SEED = 0x2545f491;

/**
 * Runs a loop of {@link LOOP_TEST_ITERATIONS} iterations and returns how many the driver ran, or -1
 * when the values computed inside it are wrong.
 */
export async function countLoopIterations(gpu: GPUDevice, readback: Readback): Promise<number> {
  const label = "loop self-test";
  const state = gpu.createBuffer({
    label,
    size: 8,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  try {
    gpu.queue.writeBuffer(state, 0, Uint32Array.of(LOOP_TEST_ITERATIONS, SEED));
    const layout = gpu.createBindGroupLayout({
      label,
      entries: [{
        binding: 0,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: "storage" },
      }],
    });
    const pipeline = gpu.createComputePipeline({
      label,
      layout: gpu.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module: gpu.createShaderModule({ label, code: LOOP_TEST }), entryPoint: "main" },
    });
    const encoder = gpu.createCommandEncoder({ label });
    const pass = encoder.beginComputePass({ label });
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      gpu.createBindGroup({
        label,
        layout,
        entries: [{ binding: 0, resource: { buffer: state } }],
      }),
    );
    pass.dispatchWorkgroups(1);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    const result = new Uint32Array(2);
    await readback.read(
      [{ buffer: state, offset: 0, bytes: 8 }],
      [new Uint8Array(result.buffer)],
    );
    const [iterations, value] = result;
    return value === expectedValue(iterations!) ? iterations! : -1;
  } finally {
    state.destroy();
  }
}

/** The value after `iterations` steps, computed on the host. */
function expectedValue(iterations: number): number {
  let x = SEED;
  for (let i = 0; i < Math.min(iterations, LOOP_TEST_ITERATIONS); i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
  }
  return x;
}

/**
 * Rejects a driver that ended the loop early.
 *
 * @param adapter name of the adapter, for the message
 * @param iterations what {@link countLoopIterations} returned
 * @throws {DeviceError} "unsupported" when the driver cut the loop short
 * @example
 * ```ts
 * import { checkDriver, DeviceError, LOOP_TEST_ITERATIONS } from "@transformer-xl/runtime";
 * import { assertThrows } from "@std/assert";
 *
 * checkDriver("llvmpipe", LOOP_TEST_ITERATIONS);
 * assertThrows(() => checkDriver("llvmpipe", 65_535), DeviceError, "deno task setup");
 * ```
 */
export function checkDriver(adapter: string, iterations: number): void {
  if (iterations === LOOP_TEST_ITERATIONS) return;
  const state = iterations < 0
    ? "a shader loop computes wrong values"
    : `its driver leaves a shader loop after ${iterations} of ${LOOP_TEST_ITERATIONS} iterations`;
  throw new DeviceError(
    "unsupported",
    `Cannot use adapter "${adapter}": ${state} (Mesa before version 25 does); run \`deno task setup\``,
  );
}
