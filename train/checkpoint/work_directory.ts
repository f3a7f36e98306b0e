/**
 * The work directory of a run: write access, checkpoints of other runs, its lock, and the
 * checkpoint that `--restart` resumes.
 *
 * @module
 */
import { BEST_CHECKPOINT, LAST_CHECKPOINT } from "@transformer-xl/eval";
import { dirname, resolve } from "node:path";
import { type ModelCheckpoint, openCheckpoint } from "@transformer-xl/model";
import {
  CheckpointError,
  ConfigError,
  exists,
  fileInfo,
  FolderLock,
  isSystemError,
  isUserError,
  systemReason,
} from "@transformer-xl/runtime";
import { emptyWorkDir, unusableWorkDir } from "../settings/flag_errors.ts";
import { CheckpointFiles, checkpointsIn } from "./checkpoint_files.ts";

/** Settings of the work directory. */
export interface WorkDirectorySettings {
  /** Folder of logs and checkpoints. */
  readonly workDir: string;
  /** Whether checkpoints of another run may be replaced. */
  readonly overwrite: boolean;
}

/**
 * The work directory of a run, locked by this process until disposed. A folder created for a run
 * that wrote nothing is removed.
 */
export class WorkDirectory implements Disposable {
  readonly #lock: FolderLock;
  readonly #made: readonly string[];

  private constructor(lock: FolderLock, made: readonly string[]) {
    this.#lock = lock;
    this.#made = made;
  }

  /**
   * Creates the folder if it is missing and takes its lock.
   *
   * @param print prints that it waits for a lock holder on another machine
   * @throws {ConfigError} when it cannot be written to, or when another process trains in it
   */
  static async open(
    workDir: string,
    print: (sentence: string) => void = () => {},
  ): Promise<WorkDirectory> {
    if (workDir === "") throw emptyWorkDir();
    const made: string[] = [];
    try {
      for (let path = resolve(workDir); !await exists(path); path = dirname(path)) made.push(path);
      await Deno.mkdir(workDir, { recursive: true });
      return new WorkDirectory(await FolderLock.take(workDir, { onWait: print }), made);
    } catch (error) {
      removeEmpty(made);
      if (isUserError(error) || !isSystemError(error)) throw error;
      throw unusable(workDir, error);
    }
  }

  /**
   * Checks that no other process took the folder while this one was suspended.
   *
   * @throws {ConfigError} naming the process that took it
   */
  async assertHeld(): Promise<void> {
    await this.#lock.assertHeld();
  }

  /** Releases the lock. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
    removeEmpty(this.#made);
  }
}

/**
 * Checks a folder before anything is computed, without changing it: it is writable, no other
 * process trains in it, its checkpoints can be files, and it holds none that the run would replace.
 * Only one rank may call it, before any rank opens the folder.
 *
 * @param checkpoint the checkpoint to continue from
 * @throws {ConfigError} with the remedy
 */
export async function checkWorkDirectory(
  { workDir, overwrite }: WorkDirectorySettings,
  checkpoint: Pick<ModelCheckpoint, "path"> | undefined,
  print?: (sentence: string) => void,
): Promise<void> {
  using _folder = await WorkDirectory.open(workDir, print);
  for (const path of [LAST_CHECKPOINT, BEST_CHECKPOINT].map((name) => `${workDir}/${name}`)) {
    if (!(await fileInfo(path))?.isDirectory) continue;
    throw new ConfigError(`Cannot save checkpoints as "${path}": it is a folder; rename it`);
  }
  if (overwrite || checkpoint !== undefined && await isFolderOf(checkpoint.path, workDir)) return;
  const [found] = await checkpointsIn(workDir);
  if (found === undefined) return;
  throw new ConfigError(
    checkpoint === undefined
      ? `Cannot start a new run in "${workDir}": it holds a checkpoint, "${found}"`
      : `Cannot continue from "${checkpoint.path}" in "${workDir}": it holds a checkpoint of ` +
        `another run, "${found}"`,
    {
      need: checkpoint === undefined
        ? "another work directory, or the run in it"
        : "another work directory",
    },
  );
}

/** Whether a run resumed from `checkpoint` continues in the folder of that checkpoint. */
export async function isFolderOf(checkpoint: string, workDir: string): Promise<boolean> {
  try {
    return await Deno.realPath(dirname(checkpoint)) === await Deno.realPath(workDir);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * The checkpoint of `--restart`: the given one, the last of a folder, or its best if the last is
 * missing. Undefined without `--restart`, and for `--restart` without a path in a folder without
 * checkpoints.
 *
 * @throws {CheckpointError} when there is no such file
 */
export async function openRestart(
  restart: boolean | string | undefined,
  workDir: string,
): Promise<ModelCheckpoint | undefined> {
  if (restart === undefined || restart === false) return undefined;
  const given = typeof restart === "string" ? restart : workDir;
  if (given === "") {
    const flag = restart === true ? "work_dir" : "restart";
    throw new ConfigError(`Cannot use --${flag} "": it is empty`);
  }
  if (typeof restart === "string" && !await isDirectory(given)) {
    if (await exists(given)) return await openCheckpoint(given);
    throw missing(given);
  }
  const { last, best } = new CheckpointFiles(given, { saveAll: false });
  for (const path of [last, best]) {
    if (await exists(path)) return await openCheckpoint(path);
  }
  const [other] = await isDirectory(given) ? await checkpointsIn(given) : [];
  if (other !== undefined) {
    throw new CheckpointError(
      `Cannot choose a checkpoint in "${given}": it holds "${other}", but neither a last nor a ` +
        "best one",
      { need: "the path of a checkpoint" },
    );
  }
  if (typeof restart === "string") throw missing(last);
  return undefined; // rank 0 reports it
}

/**
 * A line about the checkpoint of `--restart`: there is none yet, or the best one replaces a missing
 * last one.
 *
 * @param base where it was looked for
 */
export function restartLine(
  restart: boolean | string,
  base: string,
  checkpoint: Pick<ModelCheckpoint, "path"> | undefined,
): string | undefined {
  if (restart === false) return undefined;
  if (checkpoint === undefined) return `No checkpoint in "${base}" yet: starting a new run`;
  const folder = dirname(checkpoint.path);
  const { best } = new CheckpointFiles(folder, { saveAll: false });
  if (restart === checkpoint.path || resolve(best) !== resolve(checkpoint.path)) return undefined;
  return `No last checkpoint in "${folder}": continuing from the best one`;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await fileInfo(path))?.isDirectory ?? false;
}

function missing(path: string): CheckpointError {
  return new CheckpointError(
    `Cannot continue from "${path}": there is no such file`,
    { need: "a checkpoint, or a new run" },
  );
}

function unusable(workDir: string, error: Error): ConfigError {
  const isFile = error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.AlreadyExists;
  const reason = isFile ? "it is not a folder" : systemReason(error);
  return unusableWorkDir(workDir, reason, error);
}

/** Removes folders that are empty, innermost first. */
function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders) Deno.removeSync(folder);
  } catch {
    // It is not empty, or was never created.
  }
}
