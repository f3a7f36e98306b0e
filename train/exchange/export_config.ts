/**
 * The flags of `deno task export`.
 *
 * @module
 */
import { evalSchema } from "@transformer-xl/eval";
import { PYTORCH_LAYOUTS } from "@transformer-xl/model";
import { ConfigError, fileInfo, pathValue, quoted } from "@transformer-xl/runtime";
import { dirname, resolve } from "node:path";
import { z } from "zod";

const checkpoint = { group: "Checkpoint" } as const;
const file = { group: "Files", metavar: "FILE" } as const;

/** Schema of the flags. */
export const exportSchema = z.strictObject({
  workDir: evalSchema.shape.workDir.meta({ ...checkpoint, metavar: "DIR" }),
  model: evalSchema.shape.model.meta({ ...checkpoint, metavar: "FILE" }),

  safetensors: pathValue.nullable().default(null)
    .describe("Write weights, model configuration and vocabulary; eval and train read it")
    .meta(file),
  pt: pathValue.nullable().default(null)
    .describe("Write weights, model arguments and vocabulary for torch.load").meta(file),
  ptLayout: z.enum(PYTORCH_LAYOUTS).default("plain")
    .describe(
      "plain: read with weights_only=True; nvidia: with objects that NVIDIA's eval.py reads",
    )
    .meta({ group: "Files" }),
  fp16: z.boolean().default(false).describe("Write weights in half precision")
    .meta({ group: "Files" }),
  overwrite: z.boolean().default(false).describe("Replace files that exist")
    .meta({ group: "Files" }),
});

/** Values of the flags. */
export type ExportFlags = z.output<typeof exportSchema>;

/** Settings that name a file to write, by the name of their flag. */
const OUTPUTS = { safetensors: "--safetensors", pt: "--pt" } as const;

/** A file to write. */
export interface Output {
  /** The setting that names it. */
  readonly format: keyof typeof OUTPUTS;
  /** Its path. */
  readonly path: string;
}

/**
 * The files to write. Nothing is written before all of them are known to be possible.
 *
 * @param input the checkpoint
 * @throws {ConfigError} when none is given, a flag sets nothing, or a file is the checkpoint, exists,
 * or has no folder
 */
export async function checkedOutputs(config: ExportFlags, input: string): Promise<Output[]> {
  const outputs = (Object.keys(OUTPUTS) as Output["format"][]).flatMap((format) => {
    const path = config[format];
    return path === null ? [] : [{ format, path }];
  });
  if (outputs.length === 0) {
    throw new ConfigError(
      `Cannot export ${quoted(input)}: no file to write is given; give ${
        Object.values(OUTPUTS).map((flag) => `${flag} FILE`).join(" or ")
      }`,
    );
  }
  if (config.ptLayout !== "plain" && config.pt === null) {
    throw new ConfigError(
      `Cannot use --pt_layout ${config.ptLayout}: no such file is written; give --pt FILE`,
    );
  }
  const taken = new Map<string, string>();
  for (const { format, path } of outputs) {
    const flag = OUTPUTS[format];
    const cannot = (reason: string) =>
      new ConfigError(`Cannot write ${flag} ${quoted(path)}: ${reason}`);
    const other = taken.get(resolve(path));
    if (other !== undefined) throw cannot(`it is the file of ${other} too; give another name`);
    taken.set(resolve(path), flag);
    if (await isSameFile(path, input)) {
      throw cannot("it is the checkpoint that is read; give another name");
    }
    const info = await fileInfo(path);
    if (info?.isDirectory) throw cannot("it is a folder; give the name of a file");
    if (info !== undefined && !config.overwrite) {
      throw cannot("it exists; give another name, or --overwrite");
    }
    const folder = dirname(path);
    if (!(await fileInfo(folder))?.isDirectory) {
      throw cannot(`there is no folder ${quoted(folder)}; create it, or give another name`);
    }
  }
  return outputs;
}

/** Whether two paths lead to one file. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  if (await fileInfo(a) === undefined || await fileInfo(b) === undefined) return false;
  return await Deno.realPath(a) === await Deno.realPath(b);
}
