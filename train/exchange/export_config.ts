/**
 * The flags of `deno task export`.
 *
 * @module
 */
import { evalSchema } from "@transformer-xl/eval";
import { GRAPH_OUTPUTS, PYTORCH_LAYOUTS } from "@transformer-xl/model";
import { ConfigError, fileInfo, type FlagOrigin, pathValue, quoted } from "@transformer-xl/runtime";
import { basename, dirname, join } from "node:path";
import { z } from "zod";

const checkpoint = { group: "Checkpoint" } as const;
const file = { group: "Files", metavar: "FILE" } as const;
const onnx = { group: "ONNX" } as const;

const { tgtLen, extLen, memLen, clampLen, sameLength, compat } = evalSchema.shape;

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
      "plain: read with weights_only=True; nvidia: with objects that NVIDIA's eval.py reads; " +
        "authors, huggingface: a state dict alone",
    )
    .meta({ group: "Files" }),
  onnx: pathValue.nullable().default(null)
    .describe("Write model and memory as an ONNX graph; eval --type onnx runs it").meta(file),
  fp16: z.boolean().default(false).describe("Write weights in half precision")
    .meta({ group: "Files" }),
  overwrite: z.boolean().default(false).describe("Replace files that exist")
    .meta({ group: "Files" }),

  onnxOutputs: z.enum(GRAPH_OUTPUTS).default("losses")
    .describe("Outputs of the graph beside its new memory").meta(onnx),
  tgtLen: tgtLen.describe("Most target tokens per run").meta(onnx),
  extLen: extLen.meta(onnx),
  memLen: memLen.meta(onnx),
  clampLen: clampLen.meta(onnx),
  sameLength: sameLength.meta(onnx),
  compat: compat.meta(onnx),
});

/** Values of the flags. */
export type ExportFlags = z.output<typeof exportSchema>;

/** Settings that name a file to write, by the name of their flag. */
const OUTPUTS = { safetensors: "--safetensors", pt: "--pt", onnx: "--onnx" } as const;

/** Settings of the ONNX graph. */
const ONNX_SETTINGS = [
  ["onnxOutputs", "--onnx_outputs"],
  ["tgtLen", "--tgt_len"],
  ["extLen", "--ext_len"],
  ["memLen", "--mem_len"],
  ["clampLen", "--clamp_len"],
  ["sameLength", "--same_length"],
  ["compat", "--compat"],
] as const satisfies readonly (readonly [keyof ExportFlags, string])[];

/** One line for each flag of the ONNX graph where none is written. */
export function exportWarnings(
  { onnx }: ExportFlags,
  origin: ReadonlyMap<string, FlagOrigin>,
): string[] {
  if (onnx !== null) return [];
  return ONNX_SETTINGS.filter(([key]) => origin.get(key) === "flag")
    .map(([, flag]) => `warning: ${flag} has no effect without --onnx`);
}

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
  const written = outputs.map(({ format, path }) => ({ flag: OUTPUTS[format] as string, path }));
  if (config.pt !== null && config.ptLayout === "huggingface") {
    written.push({ flag: "--pt_layout huggingface", path: configPath(config.pt) });
  }
  // Weights of a large graph lie in a file of their own.
  if (config.onnx !== null) written.push({ flag: "--onnx", path: `${config.onnx}.data` });
  for (const { flag, path } of written) {
    const cannot = (reason: string) =>
      new ConfigError(`Cannot write ${flag} ${quoted(path)}: ${reason}`);
    const folder = dirname(path);
    if (!(await fileInfo(folder))?.isDirectory) {
      throw cannot(`there is no folder ${quoted(folder)}; create it, or give another name`);
    }
    const place = join(await Deno.realPath(folder), basename(path)); // folders may be links
    const other = taken.get(place);
    if (other !== undefined) throw cannot(`it is the file of ${other} too; give another name`);
    taken.set(place, flag);
    if (await isSameFile(path, input)) {
      throw cannot("it is the checkpoint that is read; give another name");
    }
    const info = await fileInfo(path);
    if (info?.isDirectory) throw cannot("it is a folder; give the name of a file");
    // A file that is renamed onto a pipe or a device, such as /dev/null, would remove it.
    if (info?.isFile === false) throw cannot("it is a pipe or device; give the name of a file");
    if (info !== undefined && !config.overwrite) {
      throw cannot("it exists; give another name, or --overwrite");
    }
  }
  return outputs;
}

/** The `config.json` beside a file of Hugging Face. */
export function configPath(pt: string): string {
  return join(dirname(pt), "config.json");
}

/** Whether two paths lead to one file. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  if (await fileInfo(a) === undefined || await fileInfo(b) === undefined) return false;
  return await Deno.realPath(a) === await Deno.realPath(b);
}
