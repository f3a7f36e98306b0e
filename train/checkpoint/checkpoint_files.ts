/**
 * Checkpoint files of a run: `checkpoint_last`, `checkpoint_best`, and with `--save_all` one per
 * evaluation. The best checkpoint is written before the last one: if the process is killed in
 * between, resuming from the older last checkpoint produces the same best one again.
 *
 * @module
 */
import { BEST_CHECKPOINT, LAST_CHECKPOINT } from "@transformer-xl/eval";
import { AtomicFile, CheckpointError, isSystemError, systemReason } from "@transformer-xl/runtime";

const CHECKPOINT_NAME = /^checkpoint_(last|best|\d+)\.safetensors$/;

/** Names of the checkpoints in a folder: last, best, then those of evaluations. */
export async function checkpointsIn(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(directory)) {
    if (CHECKPOINT_NAME.test(name)) names.push(name);
  }
  const rank = (name: string) => ["last", "best"].findIndex((kind) => name.includes(kind)) >>> 0;
  return names.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

/** Folder of the checkpoints of a run. */
export class CheckpointFiles {
  /** Work directory. */
  readonly directory: string;
  readonly #saveAll: boolean;
  readonly #beforeSave: () => Promise<void> | undefined;

  /**
   * @param options.saveAll whether every evaluation keeps a checkpoint of its own
   * @param options.beforeSave called before each write; its error cancels the save
   */
  constructor(
    directory: string,
    options: {
      readonly saveAll: boolean;
      readonly beforeSave?: () => Promise<void> | undefined;
    },
  ) {
    this.directory = directory;
    this.#saveAll = options.saveAll;
    this.#beforeSave = options.beforeSave ?? (() => undefined);
  }

  /** The newest state. */
  get last(): string {
    return `${this.directory}/${LAST_CHECKPOINT}`;
  }

  /** The state with the smallest validation loss. */
  get best(): string {
    return `${this.directory}/${BEST_CHECKPOINT}`;
  }

  /** Exists from the last step until the final test is done, so that `--restart` can finish it. */
  get testDue(): string {
    return `${this.directory}/test_due`;
  }

  /** Records that training is done and the test is not. */
  async beginTest(): Promise<void> {
    try {
      await Deno.writeTextFile(this.testDue, "");
    } catch (error) {
      if (!isSystemError(error)) throw error; // without this file the test is not repeated
    }
  }

  /** Records that the test is done. */
  async endTest(): Promise<void> {
    await removeIfThere(this.testDue);
  }

  /** Removes files of an earlier run, so that `--restart` cannot resume it. */
  async clear(): Promise<void> {
    await removeIfThere(this.best);
    await this.clearLast();
  }

  /** As {@link CheckpointFiles.clear}, but the best checkpoint stays. */
  async clearLast(): Promise<void> {
    for (const path of [this.last, this.testDue]) await removeIfThere(path);
  }

  /** Writes the state of `step` once and copies it to its other names. */
  async save(
    write: (path: string) => Promise<void>,
    { step, best, evaluated }: {
      readonly step: number;
      readonly best: boolean;
      readonly evaluated: boolean;
    },
  ): Promise<string> {
    await this.#beforeSave();
    const first = best ? this.best : this.last;
    await write(first);
    if (this.#saveAll && evaluated) {
      await copyAtomically(first, `${this.directory}/checkpoint_${step}.safetensors`);
    }
    if (best) await copyAtomically(first, this.last);
    return this.last;
  }
}

/** Copies a file atomically. */
async function copyAtomically(from: string, to: string): Promise<void> {
  try {
    await using target = await AtomicFile.create(to);
    using source = await Deno.open(from);
    for await (const piece of source.readable) await target.write(piece);
    await target.commit();
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new CheckpointError(
      `Cannot write checkpoint "${to}": ${systemReason(cause)}; the same state is in "${from}"`,
      { cause },
    );
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (!isSystemError(error)) throw error;
    throw new CheckpointError(
      `Cannot remove "${path}": ${systemReason(error)}; remove it, or make its folder writable`,
      { cause: error },
    );
  }
}
