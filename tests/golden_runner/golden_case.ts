/**
 * A case: a folder with `case.json` and, mostly, `tensors.safetensors`.
 *
 * @module
 */
import { DataError, SafetensorsFile } from "@transformer-xl/runtime";
import { z } from "zod";
import { type CaseRecord, caseSchema } from "./case_schema.ts";

/** A case that is well formed and asks for something the product does not do. */
export class UnsupportedCase extends Error {
  override readonly name = "UnsupportedCase";
}

/** Numbers a case stores as F64 or F32. */
export type Floats = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** An opened folder. */
export class GoldenCase implements Disposable {
  /** Its `case.json`. */
  readonly record: CaseRecord;
  /** The folder, as it was given. */
  readonly folder: string;
  readonly #file: SafetensorsFile | undefined;

  private constructor(folder: string, record: CaseRecord, file: SafetensorsFile | undefined) {
    this.folder = folder;
    this.record = record;
    this.#file = file;
  }

  /**
   * Opens a folder and checks `case.json`.
   *
   * @throws {DataError} when there is no such folder, or `case.json` is malformed
   * @throws {CheckpointError} when the tensors are damaged
   */
  static async open(folder: string): Promise<GoldenCase> {
    const record = parseRecord(folder, await readText(`${folder}/case.json`));
    const path = `${folder}/tensors.safetensors`;
    return new GoldenCase(
      folder,
      record,
      await exists(path) ? await SafetensorsFile.open(path) : undefined,
    );
  }

  /** Names of all tensors. */
  get names(): readonly string[] {
    return this.#file?.names ?? [];
  }

  /** True when the case stores this tensor. */
  has(name: string): boolean {
    return this.#file?.has(name) ?? false;
  }

  /** Names that start with `prefix`, without it. */
  under(prefix: string): string[] {
    return this.names.filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  /**
   * Sizes of the axes of a tensor.
   *
   * @throws {DataError} when the case has none of this name
   */
  shape(name: string): readonly number[] {
    return this.#stored(name).shape(name);
  }

  /**
   * A tensor of real numbers.
   *
   * @throws {DataError} when it is missing, or stored as integers
   */
  async floats(name: string): Promise<Floats> {
    const values = await this.#stored(name).tensor(name);
    if (values instanceof Float64Array || values instanceof Float32Array) return values;
    throw new DataError(
      `Cannot use tensor "${name}" of "${this.folder}": it is ${
        this.#file!.dtype(name)
      }, expected F64 or F32`,
    );
  }

  /**
   * A tensor of token ids or flags.
   *
   * @throws {DataError} when it is missing, not of integers, or an element is `limit` or more
   */
  async integers(name: string, limit = Infinity): Promise<Uint32Array<ArrayBuffer>> {
    const values = await this.#stored(name).tensor(name);
    if (!(values instanceof Int32Array || values instanceof Uint8Array)) {
      throw new DataError(
        `Cannot use tensor "${name}" of "${this.folder}": it is ${
          this.#file!.dtype(name)
        }, expected I32 or U8`,
      );
    }
    const wrong = values.find((value) => value < 0 || value >= limit);
    if (wrong !== undefined) {
      throw new DataError(
        `Cannot use tensor "${name}" of "${this.folder}": it holds ${wrong}, ` +
          `expected 0 to ${limit - 1}`,
      );
    }
    return Uint32Array.from(values);
  }

  /** Closes the file of tensors. */
  [Symbol.dispose](): void {
    this.#file?.close();
  }

  #stored(name: string): SafetensorsFile {
    if (!this.has(name)) {
      throw new DataError(
        `Cannot check "${this.folder}": tensor "${name}" is missing from tensors.safetensors`,
      );
    }
    return this.#file!;
  }
}

function parseRecord(folder: string, text: string): CaseRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DataError(`Cannot check "${folder}": case.json is not JSON (${String(error)})`);
  }
  const result = caseSchema.safeParse(json);
  if (result.success) return result.data;
  throw new DataError(
    `Cannot check "${folder}": case.json is not a case: ${z.prettifyError(result.error)}`,
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new DataError(
      `Cannot open "${path}": ${error instanceof Error ? error.message : error}, ` +
        "name a folder that holds case.json",
      { cause: error },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
