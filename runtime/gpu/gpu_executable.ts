/**
 * A plan compiled for a GPU: pipelines and bind groups are created once; each run is one encoder,
 * one pass and one submit.
 *
 * @module
 */
import { bytesPer, type HostArray } from "../tensor/dtype.ts";
import { DeviceError } from "../base/errors.ts";
import type { Executable, Recording } from "../plan/executable.ts";
import type { BoundCommand, GpuHost } from "./gpu_host.ts";
import type { GpuStorage } from "./gpu_buffer.ts";
import type { Pipeline } from "./pipeline_cache.ts";
import { bytesByRole } from "../plan/owned_storage.ts";
import { planSlots } from "../plan/memory_planner.ts";
import { UniformBlocks } from "../plan/uniform_blocks.ts";
import { type ScalarValues, spans, workgroupsOf } from "../plan/scalar_values.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { profileCommands } from "./profile.ts";
import type { BufferPool } from "./buffer_pool.ts";

/** Compiles a recording whose launches have `pipelines`, by command. */
export function compileGpuPlan(
  device: GpuHost,
  recording: Recording,
  pipelines: readonly (Pipeline | undefined)[],
  pool: BufferPool<GpuStorage>,
): Executable {
  const { commands, buffers, label } = recording;
  const { slotOf, slotBytes } = planSlots(commands, buffers);
  const slots = pool.take(label, slotBytes);
  const owned: GpuStorage[] = [];
  const own = (storage: GpuStorage) => {
    owned.push(storage);
    return storage;
  };
  const release = () => {
    pool.release(slots);
    for (const storage of owned) storage[Symbol.dispose]();
  };
  try {
    const storages = buffers.map((planBuffer, n) => {
      if (planBuffer.kind === "temporary") return slots[slotOf.get(n) ?? -1];
      const storage = own(device.allocate({ ...planBuffer, role: planBuffer.kind }));
      if (planBuffer.values) device.write(storage, 0, planBuffer.values());
      return storage;
    });

    const blocks = new UniformBlocks(device.gpu.limits.minUniformBufferOffsetAlignment);
    const places = commands.map((command) =>
      command.kind === "launch" ? blocks.place(command) : undefined
    );
    const frozen = own(
      device.allocateUniform(`${label} constants`, Math.max(16, blocks.frozenBytes)),
    );
    const varying = own(
      device.allocateUniform(`${label} scalars`, Math.max(16, blocks.varyingBytes)),
    );
    const write = (storage: GpuStorage, bytes: Uint8Array<ArrayBuffer>) => {
      if (bytes.length > 0) device.gpu.queue.writeBuffer(storage.buffer, 0, bytes);
    };
    write(frozen, blocks.pack(false, new Map()));

    const bindingOf = ({ range, size, dtype }: Tensor): GPUBufferBinding => {
      // Empty tensors still bind one vector; every buffer has room for it.
      const bytes = size === 0 ? 16 : wholeWords(size * bytesPer(dtype));
      return range.kind === "plan"
        ? { buffer: storages[range.buffer]!.buffer, offset: 0, size: bytes }
        : {
          buffer: (range.storage as GpuStorage).buffer,
          offset: range.offset * bytesPer(range.storage.dtype),
          size: bytes,
        };
    };
    const bound: BoundCommand[] = [];
    for (const [i, command] of commands.entries()) {
      if (command.kind === "clear") {
        const { buffer, offset = 0 } = bindingOf(command.tensor);
        const { size, dtype } = command.tensor;
        bound.push({ kind: "clear", buffer, offset, bytes: wholeWords(size * bytesPer(dtype)) });
        continue;
      }
      const { pipeline, layout } = pipelines[i]!;
      const entries: GPUBindGroupEntry[] = command.kernel.bindings.map(({ index, name }) => ({
        binding: index,
        resource: bindingOf(command.operands[name]!),
      }));
      const block = places[i];
      if (block !== undefined) {
        const { buffer } = block.varying ? varying : frozen;
        entries.push({
          binding: command.kernel.scalarsBinding!,
          resource: { buffer, offset: block.offset, size: block.bytes },
        });
      }
      const bindGroup = device.gpu.createBindGroup({
        label: `${label}: ${command.label}`,
        layout,
        entries,
      });
      bound.push({ kind: "launch", launch: command, pipeline, bindGroup });
    }

    const upload = (inputs: ReadonlyMap<number, HostArray>, scalars: ScalarValues) => {
      const packed = blocks.pack(true, scalars);
      for (const [planBuffer, values] of inputs) device.write(storages[planBuffer]!, 0, values);
      write(varying, packed);
    };
    const submit = (action: string, encoder: GPUCommandEncoder) => {
      device.gpu.pushErrorScope("validation");
      device.gpu.queue.submit([encoder.finish()]);
      device.gpu.popErrorScope().then((error) => error && device.report(action, error), () => {});
    };
    return {
      slotOf,
      bytes: bytesByRole([...owned, ...slots]),
      *run(inputs, scalars, cuts) {
        device.checkFault();
        // Everything is encoded, and so validated, before anything is uploaded.
        const parts = spans(cuts, bound.length).map(([from, to]) => {
          const encoder = device.gpu.createCommandEncoder({ label });
          encode(encoder, label, bound.slice(from, to), scalars, device.limits.maxWorkgroups);
          return encoder;
        });
        upload(inputs, scalars);
        for (const encoder of parts) {
          submit(`run plan "${label}"`, encoder);
          yield;
        }
      },
      profile(inputs, scalars) {
        device.checkFault();
        upload(inputs, scalars);
        return profileCommands(device, label, bound, scalars);
      },
      storageOf(planBuffer) {
        const storage = storages[planBuffer];
        if (storage === undefined) {
          throw new DeviceError(
            "validation",
            `Cannot read buffer ${planBuffer} of plan "${label}": it is never computed`,
          );
        }
        return storage;
      },
      [Symbol.dispose]: release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Bytes rounded up to what WebGPU binds, copies and clears. */
function wholeWords(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function encode(
  encoder: GPUCommandEncoder,
  label: string,
  bound: readonly BoundCommand[],
  scalars: ScalarValues,
  maxWorkgroups: number,
): void {
  let pass: GPUComputePassEncoder | undefined;
  let current: GPUComputePipeline | undefined;
  for (const command of bound) {
    if (command.kind === "clear") {
      pass?.end();
      pass = current = undefined;
      encoder.clearBuffer(command.buffer, command.offset, command.bytes);
      continue;
    }
    const [x, y, z] = workgroupsOf(command.launch, scalars, maxWorkgroups);
    if (x === 0 || y === 0 || z === 0) continue;
    pass ??= encoder.beginComputePass({ label });
    if (current !== command.pipeline) pass.setPipeline(command.pipeline);
    current = command.pipeline;
    pass.setBindGroup(0, command.bindGroup);
    pass.dispatchWorkgroups(x, y, z);
  }
  pass?.end();
}
