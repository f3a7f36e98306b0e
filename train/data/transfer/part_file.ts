/**
 * A partial download: its bytes in `NAME.part`, and in `NAME.part.json` the version on the server
 * that they belong to.
 *
 * @module
 */

/** Version of a file on a server. */
export interface ServerVersion {
  /** Address. */
  readonly url: string;
  /** A strong entity tag, or the time of the last change; null without both. */
  readonly validator: string | null;
}

/** A partial download. */
export class PartFile {
  /** Path of the bytes. */
  readonly path: string;
  readonly #notes: string;

  /** The partial download of the file `path`. */
  constructor(path: string) {
    this.path = `${path}.part`;
    this.#notes = `${path}.part.json`;
  }

  /** Its length; 0 if there is none. */
  async bytes(): Promise<number> {
    try {
      return (await Deno.stat(this.path)).size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return 0;
      throw error;
    }
  }

  /** The version it belongs to; undefined if that is not known. */
  async version(): Promise<ServerVersion | undefined> {
    try {
      const { url, validator } = JSON.parse(await Deno.readTextFile(this.#notes));
      if (typeof url !== "string") return undefined;
      return { url, validator: typeof validator === "string" ? validator : null };
    } catch (error) {
      // Killed while it was written: the bytes are fetched anew.
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Starts anew, or goes on behind the bytes that are there. */
  async open(version: ServerVersion, from: number): Promise<Deno.FsFile> {
    if (from === 0) await this.remove();
    await Deno.writeTextFile(this.#notes, JSON.stringify(version));
    const file = await Deno.open(this.path, { write: true, create: true });
    await file.truncate(from);
    await file.seek(from, Deno.SeekMode.Start);
    return file;
  }

  /** Removes it, if it exists. */
  async remove(): Promise<void> {
    for (const path of [this.path, this.#notes]) await removeFile(path);
  }

  /** Gives the complete file its name. */
  async complete(path: string): Promise<void> {
    await Deno.rename(this.path, path);
    await removeFile(this.#notes);
  }
}

/** Removes a file, if it exists. */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
