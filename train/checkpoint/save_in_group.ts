/**
 * One save on all ranks: rank 0 writes, and all ranks learn the outcome.
 *
 * @module
 */
import {
  CheckpointError,
  decideOnFirst,
  fileInfo,
  GroupError,
  type ProcessGroup,
} from "@transformer-xl/runtime";
import type { EvalEvent } from "../events.ts";
import type { CheckpointFiles } from "./checkpoint_files.ts";

/** Content of a save. */
export interface SaveRequest {
  /** Evaluation of this state, if any. */
  readonly evaluated?: EvalEvent | undefined;
  /** Whether its evaluation is still due (default false). */
  readonly due?: boolean;
  /** Whether a failed write ends the run. */
  readonly required: boolean;
}

/** Result of a save. */
export interface SaveOutcome {
  /** Reason of a failed write; undefined on success. */
  readonly failure?: string | undefined;
  /** Whether the first file was written: that of the best state, if it is the best. */
  readonly isWritten: boolean;
  /** Size of the file of the newest state; 0 if it was not written. */
  readonly bytes: number;
  /** Time of the save on rank 0. */
  readonly elapsedMs: number;
}

/**
 * Saves the state after `step`.
 *
 * @param write writes a checkpoint on rank 0 and sends it the share of the others
 * @throws {CheckpointError} when a required write fails
 * @throws {GroupError} on the other ranks in that case, and when another rank has ended
 */
export async function saveInGroup(
  group: ProcessGroup,
  files: CheckpointFiles,
  write: (path: string) => Promise<void>,
  step: number,
  { evaluated, required }: SaveRequest,
): Promise<SaveOutcome> {
  let own: CheckpointError | undefined;
  let isWritten = false;
  const startMs = performance.now();
  if (group.rank > 0) {
    await write(files.last);
  } else {
    try {
      await files.save(async (path) => {
        await write(path);
        isWritten = true;
      }, { step, best: evaluated?.best ?? false, evaluated: evaluated !== undefined });
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      own = error;
    }
  }
  const outcome: SaveOutcome = await decideOnFirst(
    group,
    async () => ({
      failure: own?.message,
      isWritten,
      bytes: own === undefined ? (await fileInfo(files.last))?.size ?? 0 : 0,
      elapsedMs: performance.now() - startMs,
    }),
  );
  if (required && own !== undefined) throw own;
  if (required && outcome.failure !== undefined) {
    throw new GroupError(outcome.failure, { lostRank: 0 });
  }
  return outcome;
}
