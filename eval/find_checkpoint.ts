/**
 * Choice of the checkpoint to evaluate.
 *
 * @module
 */
import { CheckpointError, exists, quoted } from "@transformer-xl/runtime";

/** File name of the checkpoint with the smallest validation loss. */
export const BEST_CHECKPOINT = "checkpoint_best.safetensors";

/** File name of the newest checkpoint. */
export const LAST_CHECKPOINT = "checkpoint_last.safetensors";

/**
 * Path of `model`; without one, of the best checkpoint of a work directory, else of the last.
 *
 * @param action what is done with it, for the message
 * @throws {CheckpointError} when the work directory holds neither, or `model` is an ONNX file
 * @throws {ConfigError} when it cannot be read
 */
export async function findCheckpoint(
  { model, workDir }: { readonly model: string | null; readonly workDir: string },
  action = "evaluate",
): Promise<string> {
  if (model?.endsWith(".onnx")) {
    throw new CheckpointError(`Cannot read ${quoted(model)} as a checkpoint: it is an ONNX model`, {
      need: "a checkpoint, or the runtime of ONNX models",
    });
  }
  if (model !== null) return model;
  for (const name of [BEST_CHECKPOINT, LAST_CHECKPOINT]) {
    if (await exists(`${workDir}/${name}`)) return `${workDir}/${name}`;
  }
  throw new CheckpointError(
    `Cannot ${action} "${workDir}": it holds neither ${BEST_CHECKPOINT} nor ${LAST_CHECKPOINT}`,
    { need: "a run or a checkpoint" },
  );
}

/**
 * A line if the last checkpoint replaces a missing best one.
 *
 * @param action what is done with it
 */
export function lastForBest(
  { model, workDir }: { readonly model: string | null; readonly workDir: string },
  path: string,
  action = "evaluating",
): string | undefined {
  if (model !== null || !path.endsWith(`/${LAST_CHECKPOINT}`)) return undefined;
  return `No ${BEST_CHECKPOINT} in "${workDir}": ${action} ${LAST_CHECKPOINT}`;
}
