/**
 * The checkpoint whose weights a new run starts from.
 *
 * @module
 */
import { BEST_CHECKPOINT, LAST_CHECKPOINT } from "@transformer-xl/eval";
import { type ModelCheckpoint, openCheckpoint } from "@transformer-xl/model";
import { CheckpointError, exists, fileInfo } from "@transformer-xl/runtime";

/**
 * Opens a checkpoint file, or the best checkpoint of a work directory, else its last.
 *
 * @throws {CheckpointError} when there is none, or it is damaged
 */
export async function openInitial(path: string): Promise<ModelCheckpoint> {
  const info = await fileInfo(path);
  if (info === undefined) throw noCheckpoint(path, "there is no such file or folder");
  if (!info.isDirectory) return await openCheckpoint(path);
  for (const name of [BEST_CHECKPOINT, LAST_CHECKPOINT]) {
    if (await exists(`${path}/${name}`)) return await openCheckpoint(`${path}/${name}`);
  }
  throw noCheckpoint(path, `it holds neither ${BEST_CHECKPOINT} nor ${LAST_CHECKPOINT}`);
}

function noCheckpoint(path: string, reason: string): CheckpointError {
  return new CheckpointError(`Cannot start from "${path}": ${reason}`, {
    need: "a checkpoint to start from",
  });
}
