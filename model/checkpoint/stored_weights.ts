/**
 * Weights of a checkpoint on their way into another file, in float32 or half precision. They are
 * read piece by piece and never whole.
 *
 * @module
 */
import {
  CheckpointError,
  isFiniteData,
  quoted,
  SAFETENSORS_ARRAYS,
  type SafetensorsReader,
  type SafetensorsSource,
} from "@transformer-xl/runtime/core";
import type { ModelCheckpoint } from "./checkpoint.ts";
import { weightNames } from "./checkpoint_checks.ts";

/** Types in which weights are exported. */
export type WeightDtype = "F32" | "F16";

const PIECE_ELEMENTS = 1 << 22;

/**
 * The weights of a checkpoint under their names, for a writer of files.
 *
 * Its pieces reject with a {@link CheckpointError} when a number is beyond half precision.
 */
export function storedWeights(
  { file }: Pick<ModelCheckpoint, "file">,
  dtype: WeightDtype,
): SafetensorsSource[] {
  return weightNames(file).map((name) => ({
    name,
    dtype,
    shape: file.shape(name),
    values: () => weightPieces(file, name, dtype),
  }));
}

/**
 * A weight, or its elements from one to before another, in pieces.
 *
 * @throws {CheckpointError} when a number is beyond half precision, or the read fails
 */
export async function* weightPieces(
  file: SafetensorsReader,
  name: string,
  dtype: WeightDtype,
  elements?: readonly [from: number, to: number],
): AsyncGenerator<ArrayBufferView<ArrayBuffer>> {
  const from = file.dtype(name);
  const width = SAFETENSORS_ARRAYS[from].BYTES_PER_ELEMENT;
  const step = PIECE_ELEMENTS * width;
  const [first, end] = elements?.map((place) => place * width) ?? [0, file.byteLength(name)];
  for (let begin = first!; begin < end!; begin += step) {
    const bytes = await file.bytes(name, begin, Math.min(begin + step, end!));
    if (from === dtype) {
      yield bytes;
      continue;
    }
    const values = new SAFETENSORS_ARRAYS[from](bytes.buffer) as unknown as ArrayLike<number>;
    const converted = dtype === "F16" ? new Float16Array(values) : new Float32Array(values);
    if (!isFiniteData(dtype, new Uint8Array(converted.buffer))) throw tooLarge(file, name, dtype);
    yield converted;
  }
}

function tooLarge({ path }: SafetensorsReader, name: string, dtype: WeightDtype): CheckpointError {
  const limit = dtype === "F16" ? "65504, the largest of half precision" : "3.4e38";
  return new CheckpointError(
    `Cannot convert ${quoted(path)}: tensor ${quoted(name, 80)} holds numbers beyond ${limit}`,
    dtype === "F16" ? { need: "full precision" } : {},
  );
}
