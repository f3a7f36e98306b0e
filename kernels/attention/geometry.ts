/**
 * Sizes of an attention, from its operands, with all checks of arguments.
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
  /** Key rows, M + Q or more. */
  readonly K: number;
  /** Key rows above those of the queries. */
  readonly M: Scalar | number;
  /** Valid memory rows. */
  readonly validMemory: Scalar | number;
  /** Largest visible distance. */
  readonly maxDistance: number;
  /** Factor of the scores, 1 / sqrt(H). */
  readonly scale: number;
}

/** What is scored by position. */
export interface PositionOperands {
  /** [K, N * H]. */
  readonly r: Tensor;
  /** [N, H]. */
  readonly contentBias: Tensor;
  /** [N, H]. */
  readonly positionBias: Tensor;
  /** [K, N]. */
  readonly distanceBias?: Tensor | undefined;
}

/** Operands of an attention: scores by key, and by position if those of positions are present. */
export interface Operands extends Partial<PositionOperands> {
  /** [Q * B, N * H]. */
  readonly q: Tensor;
  /** [K * B, 2 * N * H]. */
  readonly kv: Tensor;
}

/** The operands of positions, all of them or none. */
export function positionsOf(
  { r, contentBias, positionBias, distanceBias }: Operands,
): PositionOperands | undefined {
  if (r === undefined || contentBias === undefined || positionBias === undefined) return undefined;
  return { r, contentBias, positionBias, distanceBias };
}

/** Sizes a caller states beside the operands. */
export interface StatedSizes {
  /** Batch columns. */
  readonly B: number;
  /** Heads. */
  readonly N: number;
  /** Head width. */
  readonly H: number;
  /** Rows above those of the queries, which are the last ones unless it is a scalar. */
  readonly memoryRows: Scalar | number;
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
  const positions = positionsOf(inputs);
  const K = positions === undefined
    ? Math.floor(dims({ kv: "KB C" }, inputs).KB / B)
    : dims({ r: "K C" }, positions).K;
  const Q = typeof M === "number" ? K - M : Math.floor(inputs.q.shape[0]! / B);
  if (Q < 1) {
    const [name, axis] = positions === undefined ? ["kv", "columns of "] : ["r", ""];
    throw new ShapeError(
      `Cannot attend: "${name}" has ${axis}${K} rows, expected more than the ${M} rows of memory`,
    );
  }
  if (positions !== undefined) expectShape("r", positions.r, [K, N * H], "[K, N * H]");
  expectShape("q", inputs.q, [Q * B, N * H], "[Q * B, N * H]");
  expectShape("kv", inputs.kv, [K * B, 2 * N * H], "[K * B, 2 * N * H]");
  if (positions !== undefined) {
    const { contentBias, positionBias, distanceBias } = positions;
    expectShape("contentBias", contentBias, [N, H], "[N, H]");
    expectShape("positionBias", positionBias, [N, H], "[N, H]");
    if (distanceBias !== undefined) expectShape("distanceBias", distanceBias, [K, N], "[K, N]");
  }
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
