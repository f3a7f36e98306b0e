/**
 * The private folder of a job, in which its processes find the launcher and each other.
 *
 * @module
 */
import { ConfigError } from "../errors.ts";

const PREFIX = "txl-";
const SOCKET = "launcher.sock";
const LEFT_OVER_MS = 60_000; // a younger folder may be about to get its listener
const MAX_LENGTH = 80; // a socket's path has at most 103 bytes on macOS

/** A folder that only this user can enter, and that is removed in the end. */
export class JobFolder implements AsyncDisposable {
  /** Its path, short enough for sockets in it. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes one, and removes those of launchers that were killed before they could.
   *
   * @throws {ConfigError} when its path is too long for sockets
   */
  static async create(): Promise<JobFolder> {
    const path = await Deno.makeTempDir({ prefix: PREFIX }); // mode 0700
    const folder = new JobFolder(path);
    if (Deno.build.os === "windows") return folder; // has no such sockets
    if (path.length > MAX_LENGTH) {
      await remove(path);
      throw new ConfigError(
        `Cannot launch: the path "${path}" has ${path.length} characters, at most ${MAX_LENGTH} ` +
          "leave room for sockets; set TMPDIR to a shorter one",
      );
    }
    await sweep(path.slice(0, path.lastIndexOf("/")));
    return folder;
  }

  /** Path of the launcher's socket. */
  get socket(): string {
    return `${this.path}/${SOCKET}`;
  }

  /** Removes it with all that is in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await remove(this.path);
  }
}

/** A folder is left over when it is not new and nobody listens at its socket. */
async function sweep(parent: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(parent)) {
    if (!isDirectory || !name.startsWith(PREFIX)) continue;
    const path = `${parent}/${name}`;
    try {
      const { mtime } = await Deno.stat(path);
      if (Date.now() - (mtime?.getTime() ?? 0) < LEFT_OVER_MS) continue;
      (await Deno.connect({ transport: "unix", path: `${path}/${SOCKET}` })).close();
    } catch (error) {
      // Another user's folder cannot be entered, and some have no socket of a launcher.
      if (error instanceof Deno.errors.ConnectionRefused) await remove(path);
    }
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
