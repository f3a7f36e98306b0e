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

/**
 * Directives that every source needs on a device, on its first line, so that lines keep their
 * numbers. The standard requires `enable subgroups;` before calls of subgroups, which naga, Deno's
 * compiler, refuses, so the device is asked.
 */
export async function requiredDirectives(device: GPUDevice): Promise<string> {
  const code = "enable subgroups; ";
  if (!device.features.has("subgroups")) return "";
  device.pushErrorScope("validation");
  device.createShaderModule({ label: "directives", code });
  return await device.popErrorScope() === null ? code : "";
}

/** A cache of compiled pipelines. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #directives: string;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();

  /**
   * An empty cache.
   *
   * @param directives those of the device, see {@link requiredDirectives}
   */
  constructor(device: GPUDevice, directives: string) {
    this.#device = device;
    this.#directives = directives;
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
    const module = this.#device.createShaderModule({
      label,
      code: this.#directives + kernel.source,
    });
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
    const why = first === undefined ? messageOf(cause).trim() : this.#excerpt(kernel, first);
    throw new ShaderError(`Cannot compile "${label}": ${why}`, { cause });
  }

  /** A message of the compiler with the line it is about, and a caret under the place. */
  #excerpt(
    { source }: Kernel,
    { message, lineNum, linePos, length }: GPUCompilationMessage,
  ): string {
    const text = message.trim();
    if (QUOTED.test(text) || lineNum === 0) return text;
    const line = source.split("\n")[lineNum - 1] ?? "";
    const column = linePos - (lineNum === 1 ? this.#directives.length : 0);
    const [summary, ...details] = text.split("\n");
    const carets = "^".repeat(Math.max(1, Math.min(length, line.length - column + 1)));
    const indent = " ".repeat(Math.max(0, column - 1));
    return [`${summary} at wgsl:${lineNum}:${column}`, line, indent + carets, ...details].join(
      "\n",
    );
  }
}

/** Whether a compiler quotes the source itself, as naga does. */
const QUOTED = /\bwgsl:\d+:\d+/;

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
