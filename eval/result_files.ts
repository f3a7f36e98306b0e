/**
 * Files of results that get their names when all of them are whole.
 *
 * @module
 */
import {
  AtomicFile,
  ConfigError,
  isSystemError,
  quoted,
  systemReason,
} from "@transformer-xl/runtime";
import { dirname } from "node:path";

/** Files of one result while it is computed. */
export class ResultFiles implements AsyncDisposable {
  /** In the order of the endings. */
  readonly files: readonly AtomicFile[];
  readonly #all: AsyncDisposable;

  private constructor(files: readonly AtomicFile[], all: AsyncDisposable) {
    this.files = files;
    this.#all = all;
  }

  /**
   * Begins the files, so that a folder that cannot be written is known before anything is computed.
   *
   * @param base path without ending; its folder is made
   * @param endings of the files, with their dots
   * @param content what the files have, for the message
   * @throws {ConfigError} when the folder cannot be written
   */
  static async create(
    base: string,
    endings: readonly string[],
    content: string,
  ): Promise<ResultFiles> {
    try {
      await Deno.mkdir(dirname(base), { recursive: true });
      await using all = new AsyncDisposableStack();
      const files: AtomicFile[] = [];
      for (const ending of endings) files.push(all.use(await AtomicFile.create(base + ending)));
      return new ResultFiles(files, all.move());
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw new ConfigError(
        `Cannot save ${content} in ${quoted(dirname(base))}: ${systemReason(error)}`,
        { need: "another folder for results", cause: error },
      );
    }
  }

  /**
   * Names the files; earlier ones of these names are replaced as a whole.
   *
   * @returns their paths
   */
  async commit(): Promise<readonly string[]> {
    for (const file of this.files) await file.commit();
    return this.files.map(({ path }) => path);
  }

  /** Discards what was not named. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#all[Symbol.asyncDispose]();
  }
}
