/**
 * The control of the encode benchmark: recorded launches one by one, with a bind group, an encoder
 * and a submission for each, as in a library without recordings.
 *
 * @module
 */
import type { GpuDevice, Kernel, Launch, Recorder, Scalar } from "@transformer-xl/runtime";

/** Compiles the launches of a recording of temporaries and constants; the result runs them all. */
export function eagerControl(device: GpuDevice, rec: Recorder): () => void {
  const { gpu } = device;
  const buffers = rec.buffers.map(({ label, length, values }) => {
    const buffer = gpu.createBuffer({
      label,
      size: Math.max(4, length * 4),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    if (values) gpu.queue.writeBuffer(buffer, 0, Float32Array.from(values()));
    return buffer;
  });
  const pipelines = new Map<Kernel, [GPUComputePipeline, GPUBindGroupLayout]>();
  const launches = rec.commands.map((step) => {
    if (step.kind !== "launch") throw new TypeError(`Cannot run "${step.label}": not a launch`);
    const { kernel, operands, workgroups } = step;
    if (!pipelines.has(kernel)) pipelines.set(kernel, compile(gpu, kernel));
    const [pipeline, layout] = pipelines.get(kernel)!;
    const entries: GPUBindGroupEntry[] = kernel.bindings.map(({ index, name }) => {
      const { range } = operands[name]!;
      if (range.kind !== "plan") {
        throw new TypeError(`Cannot run "${step.label}": "${name}" lives on`);
      }
      return { binding: index, resource: { buffer: buffers[range.buffer]! } };
    });
    if (kernel.scalarsBinding !== undefined) {
      const buffer = uniform(gpu, kernel, step.scalars ?? {});
      entries.push({ binding: kernel.scalarsBinding, resource: { buffer } });
    }
    const [x, y = 1, z = 1] = workgroups.map(Number);
    return { pipeline, layout, entries, groups: [x!, y, z] as const };
  });
  return () => {
    for (const { pipeline, layout, entries, groups } of launches) {
      const bindGroup = gpu.createBindGroup({ layout, entries });
      const encoder = gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...groups);
      pass.end();
      gpu.queue.submit([encoder.finish()]);
    }
  };
}

function compile(gpu: GPUDevice, kernel: Kernel): [GPUComputePipeline, GPUBindGroupLayout] {
  const visibility = GPUShaderStage.COMPUTE;
  const entries: GPUBindGroupLayoutEntry[] = kernel.bindings.map(({ index, access }) => ({
    binding: index,
    visibility,
    buffer: { type: access === "read" ? "read-only-storage" : "storage" },
  }));
  if (kernel.scalarsBinding !== undefined) {
    entries.push({ binding: kernel.scalarsBinding, visibility, buffer: { type: "uniform" } });
  }
  const layout = gpu.createBindGroupLayout({ entries });
  const pipeline = gpu.createComputePipeline({
    label: kernel.name,
    layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: gpu.createShaderModule({ code: kernel.source }), entryPoint: "main" },
  });
  return [pipeline, layout];
}

function uniform(
  gpu: GPUDevice,
  { scalars }: Kernel,
  values: NonNullable<Launch["scalars"]>,
): GPUBuffer {
  const bytes = new DataView(new ArrayBuffer(Math.max(16, scalars.length * 4)));
  scalars.forEach(({ name, type }, i) => {
    const value: number | Scalar = values[name]!;
    if (typeof value !== "number") throw new TypeError(`Cannot run: scalar "${name}" varies`);
    if (type === "f32") bytes.setFloat32(4 * i, value, true);
    else bytes.setUint32(4 * i, value, true);
  });
  const buffer = gpu.createBuffer({
    label: "scalars",
    size: bytes.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  gpu.queue.writeBuffer(buffer, 0, bytes.buffer);
  return buffer;
}
