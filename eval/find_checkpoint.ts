/**
 * Choice of the checkpoint to evaluate.
 *
 * @module
 */
import { CheckpointError } from "@transformer-xl/runtime";

const BEST = "checkpoint_best.safetensors";
const LAST = "checkpoint_last.safetensors";

/**
 * Path of `model`; without one, of the best checkpoint of a work directory, else of the last.
 *
 * @throws {CheckpointError} when the work directory holds neither
 */
export async function findCheckpoint(
  { model, workDir }: { readonly model: string | null; readonly workDir: string },
): Promise<string> {
  if (model !== null) return model;
  for (const name of [BEST, LAST]) {
    if (await exists(`${workDir}/${name}`)) return `${workDir}/${name}`;
  }
  throw new CheckpointError(
    `Cannot evaluate "${workDir}": it holds neither ${BEST} nor ${LAST}`,
    { need: "a run or a checkpoint" },
  );
}

/** A line if the last checkpoint replaces a missing best one. */
export function lastForBest(
  { model, workDir }: { readonly model: string | null; readonly workDir: string },
  path: string,
): string | undefined {
  if (model !== null || !path.endsWith(`/${LAST}`)) return undefined;
  return `No ${BEST} in "${workDir}": evaluating ${LAST}`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
