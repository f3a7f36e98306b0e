/**
 * The private folder of a job, where its ranks find the launcher and each other.
 *
 * @module
 */
import { ConfigError } from "../../base/errors.ts";
import { isOlder, makeTemporaryFolder } from "../../files/temporary_folder.ts";

const PREFIX = "txl-job-";
const SOCKET = "launcher.sock";
const LEFT_OVER_MS = 60_000; // a newer folder without a socket may get one soon
const LISTENS_AFTER_MS = 100; // a new socket may not be listening yet
const MAX_LENGTH = 80; // a socket's path has at most 103 bytes on macOS
const HAS_SOCKETS = Deno.build.os !== "windows";

/** A private folder, removed at the end. */
export class JobFolder implements AsyncDisposable {
  /** Its path, short enough for sockets in it. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Creates a folder, and removes those of killed launchers.
   *
   * @throws {ConfigError} when its path is too long for sockets
   */
  static async create(): Promise<JobFolder> {
    const path = await makeTemporaryFolder(PREFIX, isLeftOver);
    if (path.length > MAX_LENGTH && HAS_SOCKETS) {
      await remove(path);
      throw new ConfigError(
        `Cannot launch: the path "${path}" has ${path.length} characters, at most ${MAX_LENGTH} ` +
          "leave room for sockets; set TMPDIR to a shorter one",
      );
    }
    return new JobFolder(path);
  }

  /** Path of the launcher's socket. */
  get socket(): string {
    return `${this.path}/${SOCKET}`;
  }

  /** Removes it with its content. */
  async [Symbol.asyncDispose](): Promise<void> {
    await remove(this.path);
  }
}

/** Whether no process listens at the socket of a folder, or it has had none for too long. */
async function isLeftOver(path: string): Promise<boolean> {
  if (!HAS_SOCKETS) return false;
  const socket = `${path}/${SOCKET}`;
  const error = await connectionError(socket);
  if (error instanceof Deno.errors.NotFound) return await isOlder(path, LEFT_OVER_MS);
  if (!(error instanceof Deno.errors.ConnectionRefused)) return false; // or it is another user's
  await new Promise((resolve) => setTimeout(resolve, LISTENS_AFTER_MS));
  return await connectionError(socket) instanceof Deno.errors.ConnectionRefused;
}

async function connectionError(socket: string): Promise<unknown> {
  try {
    (await Deno.connect({ transport: "unix", path: socket })).close();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
