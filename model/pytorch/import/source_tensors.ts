/**
 * Tensors of a file that is imported, of either format, with the numbers that are read on demand.
 *
 * @module
 */
import {
  floatsOf,
  isWeightDtype,
  type SafetensorsDtype,
  type SafetensorsReader,
  type TorchFile,
  type TorchTensor,
} from "@transformer-xl/runtime";

/** Elements of a piece. */
const PIECE_ELEMENTS = 1 << 20;

/** A tensor of a file. */
export interface SourceTensor {
  /** Element type. */
  readonly dtype: SafetensorsDtype;
  /** Sizes of the axes. */
  readonly shape: readonly number[];
  /** Equal for tensors that are the same numbers of the file. */
  readonly identity: string;
  /** Its elements, row-major, in pieces of 2^20. */
  pieces(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Tensors by name. */
export type SourceTensors = ReadonlyMap<string, SourceTensor>;

/** A tensor of a file of PyTorch. */
export function torchSource(file: TorchFile, tensor: TorchTensor): SourceTensor {
  const { storage: { dtype }, shape, identity } = tensor;
  return { dtype, shape, identity, pieces: () => file.pieces(tensor) };
}

/** A tensor of a safetensors file. */
export function safetensorsSource(file: SafetensorsReader, name: string): SourceTensor {
  const [dtype, shape] = [file.dtype(name), file.shape(name)];
  const size = shape.reduce((product, n) => product * n, 1);
  const width = size === 0 ? 0 : file.byteLength(name) / size;
  return {
    dtype,
    shape,
    identity: name,
    async *pieces() {
      for (let from = 0; from < size; from += PIECE_ELEMENTS) {
        const to = Math.min(from + PIECE_ELEMENTS, size);
        yield await file.bytes(name, from * width, to * width);
      }
    },
  };
}

/** Whether two tensors are the same numbers, in whatever type. */
export async function sameNumbers(one: SourceTensor, other: SourceTensor): Promise<boolean> {
  if (one.identity === other.identity) return true;
  if (one.shape.join() !== other.shape.join()) return false;
  if (!isWeightDtype(one.dtype) || !isWeightDtype(other.dtype)) return false;
  const others = other.pieces()[Symbol.asyncIterator]();
  for await (const piece of one.pieces()) {
    const { value } = await others.next();
    const [a, b] = [floatsOf(one.dtype, piece), floatsOf(other.dtype, value)];
    if (a.some((number, i) => number !== b[i])) return false;
  }
  return true;
}
