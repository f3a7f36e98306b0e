/**
 * Timing of every launch with timestamp queries. It needs one pass per launch, so it is for
 * profiling only.
 *
 * @module
 */
import { DeviceError } from "../base/errors.ts";
import type { BoundCommand, GpuHost } from "./gpu_host.ts";
import { Readback } from "./readback.ts";
import { type ScalarValues, workgroupsOf } from "../plan/scalar_values.ts";

const QUERIES = 4096; // the WebGPU limit of one query set

/**
 * Runs every command in its own pass.
 *
 * @throws {DeviceError} when the adapter has no timestamp queries
 */
export async function profileCommands(
  device: GpuHost,
  label: string,
  bound: readonly BoundCommand[],
  scalars: ScalarValues,
): Promise<number[]> {
  if (!device.info.features.includes("timestamp-query")) {
    throw new DeviceError(
      "unsupported",
      `Cannot profile on "${device.info.adapter}": it has no timestamp queries`,
    );
  }
  const elapsedMs: number[] = [];
  const querySet = device.gpu.createQuerySet({ type: "timestamp", count: QUERIES });
  const resolved = device.gpu.createBuffer({
    label: "timestamps",
    size: QUERIES * 8,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  using readback = await Readback.open(device.gpu);
  for (let from = 0; from < bound.length; from += QUERIES / 2) {
    const part = bound.slice(from, from + QUERIES / 2);
    const encoder = device.gpu.createCommandEncoder({ label: `${label} profile` });
    part.forEach((command, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet,
          beginningOfPassWriteIndex: 2 * i,
          endOfPassWriteIndex: 2 * i + 1,
        },
      });
      if (command.kind === "launch") {
        const [x, y, z] = workgroupsOf(command.launch, scalars, device.limits.maxWorkgroups);
        pass.setPipeline(command.pipeline);
        pass.setBindGroup(0, command.bindGroup);
        pass.dispatchWorkgroups(x, y, z);
      }
      pass.end();
      if (command.kind === "clear") {
        encoder.clearBuffer(command.buffer, command.offset, command.bytes);
      }
    });
    encoder.resolveQuerySet(querySet, 0, 2 * part.length, resolved, 0);
    device.gpu.queue.submit([encoder.finish()]);
    const stamps = new BigUint64Array(2 * part.length);
    await readback.read([{ buffer: resolved, offset: 0, bytes: stamps.byteLength }], [
      new Uint8Array(stamps.buffer),
    ]);
    part.forEach((_, i) => elapsedMs.push(Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6));
  }
  querySet.destroy();
  resolved.destroy();
  return elapsedMs;
}
