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
    values: () => pieces(file, name, dtype),
  }));
}

async function* pieces(
  file: SafetensorsReader,
  name: string,
  dtype: WeightDtype,
): AsyncGenerator<ArrayBufferView<ArrayBuffer>> {
  const from = file.dtype(name);
  const step = PIECE_ELEMENTS * SAFETENSORS_ARRAYS[from].BYTES_PER_ELEMENT;
  const length = file.byteLength(name);
  for (let begin = 0; begin < length; begin += step) {
    const bytes = await file.bytes(name, begin, Math.min(begin + step, length));
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
