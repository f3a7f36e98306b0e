/**
 * Compute pipelines, one per (source, constants), compiled once per device.
 *
 * @module
 */
import { messageOf, ShaderError } from "../base/errors.ts";
import type { Kernel } from "../record/kernel.ts";
import type { Command } from "../record/recorder.ts";

/** A pipeline with the layout its bind groups need. */
export interface Pipeline {
  /** The pipeline. */
  readonly pipeline: GPUComputePipeline;
  /** Layout of bind group 0. */
  readonly layout: GPUBindGroupLayout;
}

/** A cache of compiled pipelines. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();

  /** An empty cache. */
  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /**
   * The pipelines of launches, in the order of the commands; undefined for other commands.
   *
   * @throws {ShaderError} with file, line and caret
   */
  async all(commands: readonly Command[]): Promise<(Pipeline | undefined)[]> {
    const pipelines: (Pipeline | undefined)[] = [];
    for (const command of commands) {
      pipelines.push(
        command.kind === "launch"
          ? await this.#get(command.kernel, command.constants ?? {})
          : undefined,
      );
    }
    return pipelines;
  }

  #get(kernel: Kernel, constants: Readonly<Record<string, number>>): Promise<Pipeline> {
    const key = JSON.stringify([kernel.source, Object.entries(constants).sort()]);
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = this.#compile(kernel, constants);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  async #compile(
    kernel: Kernel,
    constants: Readonly<Record<string, number>>,
  ): Promise<Pipeline> {
    const label = `${kernel.name}.wgsl`;
    // The error scope catches the duplicate of the rejection.
    this.#device.pushErrorScope("validation");
    const layout = this.#device.createBindGroupLayout({ label, entries: layoutOf(kernel) });
    const module = this.#device.createShaderModule({ label, code: kernel.source });
    const created = this.#device.createComputePipelineAsync({
      label,
      layout: this.#device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main", constants: { ...constants } },
    });
    const scope = this.#device.popErrorScope();
    const [pipeline] = await Promise.allSettled([created, scope]);
    if (pipeline.status === "fulfilled") return { pipeline: pipeline.value, layout };
    const [first] = (await module.getCompilationInfo()).messages;
    const cause = pipeline.reason;
    const why = (first?.message ?? messageOf(cause)).trim();
    throw new ShaderError(`Cannot compile "${label}": ${why}`, { cause });
  }
}

function layoutOf(kernel: Kernel): GPUBindGroupLayoutEntry[] {
  const entries: GPUBindGroupLayoutEntry[] = kernel.bindings.map(({ index, access }) => ({
    binding: index,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type: access === "read" ? "read-only-storage" : "storage" },
  }));
  if (kernel.scalarsBinding !== undefined) {
    entries.push({
      binding: kernel.scalarsBinding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: "uniform" },
    });
  }
  return entries;
}
