/**
 * One save on all ranks: rank 0 writes, and all ranks learn the outcome.
 *
 * @module
 */
import {
  CheckpointError,
  decideOnFirst,
  GroupError,
  type ProcessGroup,
} from "@transformer-xl/runtime";
import type { EvalEvent } from "../events.ts";
import type { CheckpointFiles } from "../checkpoint/checkpoint_files.ts";

/** What to save. */
export interface SaveWish {
  /** The evaluation of this state, if it was evaluated. */
  readonly evaluated?: EvalEvent | undefined;
  /** Whether its evaluation is still to be done (default false). */
  readonly due?: boolean;
  /** Whether a state that cannot be written ends the run. */
  readonly must: boolean;
}

/** How a save went. */
export interface SaveOutcome {
  /** Why a file could not be written; undefined when all were. */
  readonly failure?: string | undefined;
  /** Whether the first file was written: that of the best state, if it is the best. */
  readonly isWritten: boolean;
}

/**
 * Saves the state after `step`.
 *
 * @param write writes a checkpoint on the first process and hands it the share of the others
 * @throws {CheckpointError} when it has to be written and cannot
 * @throws {GroupError} on the other processes then, and when another process is gone
 */
export async function saveInGroup(
  group: ProcessGroup,
  files: CheckpointFiles,
  write: (path: string) => Promise<void>,
  step: number,
  { evaluated, must }: SaveWish,
): Promise<SaveOutcome> {
  let own: CheckpointError | undefined;
  let isWritten = false;
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
    () => Promise.resolve({ failure: own?.message, isWritten }),
  );
  if (must && own !== undefined) throw own;
  if (must && outcome.failure !== undefined) throw new GroupError(outcome.failure, { lostRank: 0 });
  return outcome;
}
