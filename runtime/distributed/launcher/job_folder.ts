/**
 * The private folder of a job, where its ranks find the launcher and each other.
 *
 * @module
 */
import { resolve } from "node:path";
import { ConfigError } from "../../base/errors.ts";

const PREFIX = "txl-";
const OTHERS = /^txl-(ring|checkpoint)-/; // folders without a launcher, removed by their creators
const SOCKET = "launcher.sock";
const LEFT_OVER_MS = 60_000; // a newer folder without a socket may get one soon
const LISTENS_AFTER_MS = 100; // a new socket may not be listening yet
const MAX_LENGTH = 80; // a socket's path has at most 103 bytes on macOS

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
    const path = resolve(await Deno.makeTempDir({ prefix: PREFIX })); // mode 0700
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

  /** Removes it with its content. */
  async [Symbol.asyncDispose](): Promise<void> {
    await remove(this.path);
  }
}

/** Removes folders of launchers that have ended. */
async function sweep(parent: string): Promise<void> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(parent)) {
      const isJob = isDirectory && name.startsWith(PREFIX) && !OTHERS.test(name);
      const path = `${parent}/${name}`;
      if (isJob && await isLeftOver(path)) await remove(path).catch(() => {}); // of another user
    }
  } catch {
    // Folders that cannot be listed are skipped.
  }
}

/** Whether no process listens at the socket of a folder, or it has had none for too long. */
async function isLeftOver(path: string): Promise<boolean> {
  const socket = `${path}/${SOCKET}`;
  if (await ageMs(socket) === undefined) return (await ageMs(path) ?? 0) > LEFT_OVER_MS;
  if (!await isRefused(socket)) return false;
  await new Promise((resolve) => setTimeout(resolve, LISTENS_AFTER_MS));
  return await isRefused(socket);
}

async function isRefused(socket: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path: socket })).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused; // another user's cannot be entered
  }
}

async function ageMs(path: string): Promise<number | undefined> {
  try {
    const { mtime } = await Deno.lstat(path);
    return Date.now() - (mtime?.getTime() ?? Date.now());
  } catch {
    return undefined;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
