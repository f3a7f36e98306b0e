/**
 * Sizes of a relative attention, from its operands, with all checks of arguments.
 *
 * @module
 */
import {
  bytesPer,
  DeviceError,
  dims,
  type DType,
  type Recorder,
  type Scalar,
  type Shape,
  ShapeError,
  type Tensor,
} from "@transformer-xl/runtime/core";

/** Sizes and what is visible. */
export interface Geometry {
  /** Batch columns. */
  readonly B: number;
  /** Heads. */
  readonly N: number;
  /** Head width. */
  readonly H: number;
  /** Query rows. */
  readonly Q: number;
  /** Key rows, M + Q. */
  readonly K: number;
  /** Memory rows. */
  readonly M: number;
  /** Valid memory rows. */
  readonly validMemory: Scalar | number;
  /** Largest visible distance. */
  readonly maxDistance: number;
  /** Factor of the scores, 1 / sqrt(H). */
  readonly scale: number;
}

/** What {@link geometryOf} reads. */
export interface Operands {
  /** [Q * B, N * H]. */
  readonly q: Tensor;
  /** [K * B, 2 * N * H]. */
  readonly kv: Tensor;
  /** [K, N * H]. */
  readonly r: Tensor;
  /** [N, H]. */
  readonly contentBias: Tensor;
  /** [N, H]. */
  readonly positionBias: Tensor;
}

/** Sizes a caller states beside the operands. */
export interface StatedSizes {
  /** Batch columns. */
  readonly B: number;
  /** Heads. */
  readonly N: number;
  /** Head width. */
  readonly H: number;
  /** Memory rows. */
  readonly memoryRows: number;
  /** Valid memory rows. */
  readonly validMemory: Scalar | number;
  /** Largest visible distance. */
  readonly maxDistance?: number;
}

/**
 * Sizes of the attention over these operands.
 *
 * @throws {ShapeError} when an operand does not have the shape that B, N, H and M ask for
 */
export function geometryOf(inputs: Operands, sizes: StatedSizes): Geometry {
  const { B, N, H, memoryRows: M } = sizes;
  const { K } = dims({ r: "K C" }, inputs);
  const Q = K - M;
  if (Q < 1) {
    throw new ShapeError(
      `Cannot attend: "r" has ${K} rows, expected more than the ${M} rows of memory`,
    );
  }
  expectShape("r", inputs.r, [K, N * H], "[K, N * H]");
  expectShape("q", inputs.q, [Q * B, N * H], "[Q * B, N * H]");
  expectShape("kv", inputs.kv, [K * B, 2 * N * H], "[K * B, 2 * N * H]");
  expectShape("contentBias", inputs.contentBias, [N, H], "[N, H]");
  expectShape("positionBias", inputs.positionBias, [N, H], "[N, H]");
  // The largest distance, K - 1, masks nothing.
  const maxDistance = Math.min(sizes.maxDistance ?? K - 1, K - 1);
  return { B, N, H, Q, K, M, validMemory: sizes.validMemory, maxDistance, scale: 1 / Math.sqrt(H) };
}

/**
 * Refuses an attention whose probabilities exceed one binding.
 *
 * @throws {DeviceError} if they are larger than a binding
 */
export function expectBindable(rec: Recorder, { B, N, Q, K }: Geometry, dtype: DType): void {
  const bytes = bytesPer(dtype) * B * N * Q * K;
  const limit = Math.min(rec.limits.maxBindingBytes, rec.limits.maxBufferBytes);
  if (bytes <= limit) return;
  throw new DeviceError(
    "out-of-memory",
    `Cannot attend from ${Q} rows to ${K} in ${B} batch columns with ${N} heads: the ` +
      `probabilities have ${bytes} bytes, one binding of this adapter holds ${limit}`,
    { need: "smaller attention probabilities" },
  );
}

function expectShape(name: string, tensor: Tensor, wanted: Shape, axes: string): void {
  if (tensor.shape.length === wanted.length && tensor.shape.every((n, i) => n === wanted[i])) {
    return;
  }
  throw new ShapeError(
    `Cannot read "${name}" as ${axes}: expected [${wanted}], current shape is [${tensor.shape}]`,
  );
}
