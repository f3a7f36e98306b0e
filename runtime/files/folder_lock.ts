/**
 * A lock file for folders with one writer, which names its holder. The operating system's lock ends
 * with the holding process. Two cases need more:
 *
 * - File systems without locks: the holder's process id and start time are compared.
 * - File systems whose locks do not reach other machines: the holder renews the file's time every
 *   {@link BEAT_MS}, and a lock of another machine is void when no renewal is seen for
 *   {@link SILENCE_MS}. A holder that was suspended for longer finds out with
 *   {@link FolderLock.assertHeld}.
 *
 * @module
 */
import { ConfigError } from "../base/errors.ts";
import { formatSeconds } from "../base/format.ts";
import { oneLine } from "../base/one_line.ts";
import { isRunning, type ProcessIdentity, thisProcess } from "./process_identity.ts";
import { writeAllSync } from "./write_all.ts";

/** Name of the lock file. */
export const LOCK_NAME = "run.lock";

/** Time between renewals. */
export const BEAT_MS = 10_000;

/** Time without a renewal before a holder on another machine is considered dead. */
export const SILENCE_MS = 35_000;

const POLL_MS = 500;
const WRITING_MS = 1000; // a new holder is writing its name

/** The content of the lock file. */
interface Holder extends ProcessIdentity {
  /** Time of acquisition, UTC. */
  readonly since: string;
  /** Distinguishes two locks of one process. */
  readonly id: string;
}

/** Times, shorter in tests. */
export interface FolderLockOptions {
  /** Instead of {@link SILENCE_MS}. */
  readonly silenceMs?: number;
  /** Called before waiting for a renewal by a holder on another machine. */
  readonly onWait?: (sentence: string) => void;
}

/**
 * A folder that only this process writes to, until disposed or until the process ends.
 *
 * @example
 * ```ts
 * import { ConfigError, FolderLock } from "@transformer-xl/runtime";
 * import { assertRejects } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   using _lock = await FolderLock.take(folder);
 *   await assertRejects(() => FolderLock.take(folder), ConfigError, "is training here since");
 * }
 * using _again = await FolderLock.take(folder);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class FolderLock implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #holder: Holder;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #release = () => this[Symbol.dispose]();
  #isReleased = false;

  private constructor(path: string, file: Deno.FsFile, holder: Holder) {
    this.#path = path;
    this.#file = file;
    this.#holder = holder;
    this.#timer = setInterval(() => renew(file), BEAT_MS);
    Deno.unrefTimer(Number(this.#timer));
    addEventListener("unload", this.#release); // Deno.exit runs no finally block
  }

  /**
   * Takes the lock of a folder, which must exist.
   *
   * @throws {ConfigError} naming the process that holds it
   * @throws the operating system's error when the folder cannot be written to
   */
  static async take(folder: string, options: FolderLockOptions = {}): Promise<FolderLock> {
    const path = `${folder}/${LOCK_NAME}`;
    const startMs = performance.now();
    for (;;) {
      const file = await Deno.open(path, { read: true, write: true, create: true });
      try {
        const isLocked = tryLock(file);
        const found = await readHolder(path);
        if (isLocked === false) {
          // Held, but its name is not written yet.
          if (found === undefined && performance.now() - startMs < WRITING_MS) {
            await new Promise((resolve) => setTimeout(resolve, POLL_MS / 10));
          } else throw inUse(folder, found);
        } else if (!isLocked || await isSameFile(path, file)) {
          if (found !== undefined && await isHolding(path, found, isLocked ?? false, options)) {
            throw inUse(folder, found);
          }
          const holder = { ...thisProcess(), since: now(), id: crypto.randomUUID() };
          writeHolder(file, holder);
          return new FolderLock(path, file, holder);
        } // otherwise its holder removed it after it was opened here
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
    }
  }

  /**
   * Checks that no other process took the lock meanwhile, as it may after this one was suspended.
   *
   * @throws {ConfigError} naming the process that took it
   */
  async assertHeld(): Promise<void> {
    const found = await readHolder(this.#path);
    if (found !== undefined && found.id !== this.#holder.id) {
      throw inUse(this.#path.slice(0, -LOCK_NAME.length - 1), found);
    }
  }

  /** Removes the lock file. */
  [Symbol.dispose](): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    clearInterval(this.#timer);
    removeEventListener("unload", this.#release);
    try {
      const isOwn = parseHolder(Deno.readTextFileSync(this.#path))?.id === this.#holder.id ||
        this.#file.statSync().size === 0; // the disk had no space for a name
      if (isOwn) Deno.removeSync(this.#path);
    } catch {
      // The folder was removed or is not writable; an unlocked file blocks no other process.
    }
    this.#file.close();
  }
}

/** Whether the operating system granted the lock; undefined on file systems without locks. */
function tryLock(file: Deno.FsFile): boolean | undefined {
  try {
    return file.tryLockSync(true);
  } catch {
    return undefined;
  }
}

function renew(file: Deno.FsFile): void {
  const time = new Date();
  try {
    file.utimeSync(time, time);
  } catch {
    // A file system that does not answer now may do so later.
  }
}

async function isSameFile(path: string, file: Deno.FsFile): Promise<boolean> {
  try {
    const [named, opened] = await Promise.all([Deno.stat(path), file.stat()]);
    return named.ino === opened.ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether the process named by a lock file is still running. */
async function isHolding(
  path: string,
  holder: Holder,
  isLocked: boolean,
  { silenceMs = SILENCE_MS, onWait }: FolderLockOptions,
): Promise<boolean> {
  // A process of this machine would have kept this one from getting the lock.
  if (holder.host === Deno.hostname()) return !isLocked && isRunning(holder);
  onWait?.(
    `Waiting ${formatSeconds(silenceMs)} to see whether ${describe(holder)} still runs`,
  );
  const first = await renewedAt(path);
  const endMs = performance.now() + silenceMs;
  while (performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, silenceMs / 4)));
    if (await renewedAt(path) !== first) return true;
  }
  return false;
}

/** Opening the file makes a network file system ask its server. */
async function renewedAt(path: string): Promise<number | undefined> {
  using file = await Deno.open(path);
  return (await file.stat()).mtime?.getTime();
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return parseHolder(await Deno.readTextFile(path));
  } catch {
    return undefined; // just removed; or locked, which keeps readers out on Windows
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { host, pid, startTicks, since, id } = JSON.parse(text) as Holder;
    return [host, since, id].every((value) => typeof value === "string") && Number.isInteger(pid)
      ? { host, pid, startTicks, since, id }
      : undefined;
  } catch {
    return undefined; // incomplete: its writer died
  }
}

function writeHolder(file: Deno.FsFile, holder: Holder): void {
  try {
    file.truncateSync(0);
    file.seekSync(0, Deno.SeekMode.Start);
    writeAllSync(file, `${JSON.stringify(holder)}\n`);
  } catch {
    file.truncateSync(0); // a full disk: the lock holds without a name
  }
}

/** Another program may have written the file. */
function describe({ pid, host }: ProcessIdentity): string {
  return `process ${pid} on ${oneLine(host, 80)}`;
}

function inUse(folder: string, holder: Holder | undefined): ConfigError {
  const who = holder === undefined
    ? "another process is training here"
    : `${describe(holder)} is training here since ${oneLine(holder.since, 80)}`;
  return new ConfigError(
    `Cannot train in "${folder}": ${who}`,
    { need: "a work directory that is not in use" },
  );
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+/, "");
}
