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
  readonly #storedNames: ReadonlyMap<string, string>;

  private constructor(folder: string, record: CaseRecord, file: SafetensorsFile | undefined) {
    this.folder = folder;
    this.record = record;
    this.#file = file;
    this.#storedNames = new Map((file?.names ?? []).map((name) => [presentName(name), name]));
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

  /** Names of all tensors; those of parameters as the reference of 2023 spells them. */
  get names(): readonly string[] {
    return [...this.#storedNames.keys()];
  }

  /** True when the case stores this tensor. */
  has(name: string): boolean {
    return this.#storedNames.has(name);
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
    const { file, as } = this.#stored(name);
    return file.shape(as);
  }

  /**
   * A tensor of real numbers.
   *
   * @throws {DataError} when it is missing, or stored as integers
   */
  async floats(name: string): Promise<Floats> {
    const { file, as } = this.#stored(name);
    const values = await file.tensor(as);
    if (values instanceof Float64Array || values instanceof Float32Array) return values;
    throw new DataError(
      `Cannot use tensor "${name}" of "${this.folder}": it is ${
        file.dtype(as)
      }, expected F64 or F32`,
    );
  }

  /**
   * A tensor of token ids or flags.
   *
   * @throws {DataError} when it is missing, not of integers, or an element is `limit` or more
   */
  async integers(name: string, limit = Infinity): Promise<Uint32Array<ArrayBuffer>> {
    const { file, as } = this.#stored(name);
    const values = await file.tensor(as);
    if (!(values instanceof Int32Array || values instanceof Uint8Array)) {
      throw new DataError(
        `Cannot use tensor "${name}" of "${this.folder}": it is ${
          file.dtype(as)
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

  #stored(name: string): { readonly file: SafetensorsFile; readonly as: string } {
    const as = this.#storedNames.get(name);
    if (this.#file === undefined || as === undefined) {
      throw new DataError(
        `Cannot check "${this.folder}": tensor "${name}" is missing from tensors.safetensors`,
      );
    }
    return { file: this.#file, as };
  }
}

/** The name of 2023 of a tensor: in 2019 the softmax was made of linear layers. */
function presentName(stored: string): string {
  return stored.replace(
    /(^|\/)crit\.out_layers\.(\d+)\.(weight|bias)$/,
    (_, start, i, kind) => `${start}crit.out_layers_${kind === "bias" ? "biases" : "weights"}.${i}`,
  );
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
