/**
 * A store of one number into a persistent vector, for losses read at intervals.
 *
 * @module
 */
import {
  bytesOf,
  dims,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { STORE_SCALAR } from "./kernels.ts";

/** Options of {@link storeScalar}. */
export interface StoreScalarOptions {
  /** Add instead of replacing. */
  readonly accumulate?: boolean;
  /** Factor, 1 by default. */
  readonly scale?: number | Scalar;
}

/**
 * Records `target[index] (+)= scale * value[0]`, in place. An index past the end writes nothing.
 * No derivative.
 *
 * @throws {ShapeError} unless target is [capacity] and value is [1]
 */
export function storeScalar(
  rec: Recorder,
  target: Tensor,
  index: Scalar | number,
  value: Tensor,
  { accumulate = false, scale = 1 }: StoreScalarOptions = {},
): void {
  const { capacity } = dims({ target: "capacity", value: "1" }, { target, value });
  const cost = { flops: 2, bytes: 2 * bytesOf(value) };
  rec.node("store_scalar", { inputs: { value }, cost }, () => {
    rec.launch({
      kernel: STORE_SCALAR,
      operands: { value, target_values: target },
      scalars: { index, capacity, factor: scale, accumulate: accumulate ? 1 : 0 },
      threads: [1],
    });
  });
}
