/**
 * Atomic replacement of files: content is written to a temporary sibling, fsynced and renamed over
 * the target, and the directory is fsynced. A kill or a power cut at any moment leaves either the
 * old file or the new one, and at worst a temporary that {@link sweepTemporaries} removes once its
 * writer is dead.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { hasProcess } from "./process_identity.ts";
import { writeAll } from "./write_all.ts";
import { hashName } from "../base/hash.ts";

/**
 * `<file>.<host>-<pid>-<count>.tmp`: contains the writer, so that only files of dead writers are
 * removed.
 */
const TEMPORARY = /\.([0-9a-f]{1,8})-(\d+)-\d+\.tmp$/;

/** Names and paths of the temporaries of this process. */
const open = new Map<string, string>();
let count = 0;

function hostTag(): string {
  return hashName(Deno.hostname()).toString(16);
}

function removeOpen(): void {
  for (const path of open.values()) {
    try {
      Deno.removeSync(path);
    } catch {
      // The next run sweeps it.
    }
  }
}

/** A name for a file of this process that {@link sweepTemporaries} removes once the process ended. */
export interface Temporary {
  /** Its path. */
  readonly path: string;
  /** Forgets the name; called when no file has it any longer. */
  release(): void;
}

/** Takes a name for a temporary beside `path`, which is removed at the latest when the program exits. */
export function claimTemporary(path: string): Temporary {
  const name = `${basename(path)}.${hostTag()}-${Deno.pid}-${count++}.tmp`;
  const temporary = join(dirname(path), name);
  if (open.size === 0) addEventListener("unload", removeOpen); // a program that is asked to end
  open.set(name, temporary);
  const release = () => {
    open.delete(name);
    if (open.size === 0) removeEventListener("unload", removeOpen);
  };
  return { path: temporary, release };
}

/** Flushes a directory to disk. Windows has no such call and orders renames itself. */
async function syncDirectory(directory: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using handle = await Deno.open(directory);
  await handle.sync();
}

/**
 * A file being written, which gets its name at {@link AtomicFile.commit}. Leaving its scope without
 * a commit discards it.
 *
 * @example
 * ```ts
 * import { AtomicFile } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/a.txt`;
 * {
 *   await using file = await AtomicFile.create(path);
 *   await file.write(new TextEncoder().encode("whole"));
 *   await file.commit();
 * }
 * assertEquals(await Deno.readTextFile(path), "whole");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class AtomicFile implements AsyncDisposable {
  /** The name the content gets at {@link AtomicFile.commit}. */
  readonly path: string;
  readonly #temporary: Temporary;
  readonly #file: Deno.FsFile;
  #closed = false;

  private constructor(path: string, temporary: Temporary, file: Deno.FsFile) {
    this.path = path;
    this.#temporary = temporary;
    this.#file = file;
  }

  /**
   * Opens a temporary beside `path`; the directory must exist.
   *
   * @throws {Deno.errors.NotFound} When the directory does not exist
   */
  static async create(path: string): Promise<AtomicFile> {
    const temporary = claimTemporary(path);
    try {
      const options = { write: true, create: true, truncate: true };
      return new AtomicFile(path, temporary, await Deno.open(temporary.path, options));
    } catch (error) {
      temporary.release();
      throw error;
    }
  }

  /** Appends bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#file, bytes);
  }

  /** Overwrites bytes already written at `offset`; later writes append again. */
  async writeAt(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#file.seek(offset, Deno.SeekMode.Start);
    await writeAll(this.#file, bytes);
    await this.#file.seek(0, Deno.SeekMode.End);
  }

  /** Makes the content durable and visible under {@link AtomicFile.path}. */
  async commit(): Promise<void> {
    await this.#file.sync();
    // Closed before the rename, which Windows demands.
    this.#close();
    try {
      await Deno.rename(this.#temporary.path, this.path);
    } catch (error) {
      await Deno.remove(this.#temporary.path);
      throw error;
    }
    await syncDirectory(dirname(this.path));
  }

  /** Removes the temporary file; no effect after a commit. */
  async discard(): Promise<void> {
    if (this.#closed) return;
    this.#close();
    await Deno.remove(this.#temporary.path);
  }

  /** As {@link AtomicFile.discard}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard();
  }

  #close(): void {
    this.#closed = true;
    this.#file.close();
    this.#temporary.release();
  }
}

/**
 * Removes temporaries of dead processes of this machine from a directory. Those of running
 * processes and of other machines stay.
 *
 * @returns Names of the files removed, sorted
 */
export async function sweepTemporaries(directory: string): Promise<string[]> {
  const removed: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const match = TEMPORARY.exec(entry.name);
    if (!entry.isFile || match === null || match[1] !== hostTag()) continue;
    const pid = Number(match[2]);
    // An unknown temporary with our own id belongs to an earlier process with that id.
    if (pid === Deno.pid ? open.has(entry.name) : hasProcess(pid)) continue;
    try {
      await Deno.remove(`${directory}/${entry.name}`);
      removed.push(entry.name);
    } catch (error) {
      // Another process removed it first.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return removed.sort();
}
