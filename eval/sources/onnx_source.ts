/**
 * The model of an ONNX file that `deno task export` wrote.
 *
 * @module
 */
import { isOfCharacters, readOnnxFacts } from "@transformer-xl/model";
import { OnnxFile, quoted } from "@transformer-xl/runtime";
import type { EvalConfig } from "../config.ts";
import { openOnnxRuntime } from "../scorers/onnx_runtime.ts";
import { scoredTexts } from "../text/scored_text.ts";
import type { ModelSource } from "./model_source.ts";

/**
 * Opens the file of the flags.
 *
 * @throws {CheckpointError} when it is missing, damaged, or was not exported by this program
 */
export async function onnxSource(config: EvalConfig, path: string): Promise<ModelSource> {
  const file = await OnnxFile.open(path);
  try {
    const facts = await readOnnxFacts(file);
    const isUnchanged = await file.isUnchanged();
    const { vocabulary, trained } = facts;
    return {
      name: path,
      config: facts.config,
      characters: isOfCharacters(vocabulary.kind),
      digest: "none",
      fingerprint: vocabulary.fingerprint,
      lines: isUnchanged ? [] : [
        `Not verified: ${
          quoted(path)
        } was changed after its export, so damage to its numbers would go ` +
        "unnoticed",
      ],
      fixed: facts,
      texts: (cacheDir, announce) =>
        scoredTexts(config, { path, vocabulary, trained }, cacheDir, announce),
      openRuntime: ({ onnxProvider }, notice) =>
        openOnnxRuntime(file, facts, { provider: onnxProvider, notice }),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}
