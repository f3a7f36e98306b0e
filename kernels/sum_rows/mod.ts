/**
 * Sums over the rows of a matrix: gradients of biases and gains.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  dims,
  like,
  type Recorder,
  type Scalar,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { addColumnSums, launchBlockSums } from "./column_sums.ts";
import { SUM_ROWS } from "./kernels.ts";

const BLOCK = 64;

/**
 * Records `y[c] (+)= sum_r x[r, c]` over the first `rows` rows. Two levels when there are many rows;
 * the order of summation is fixed.
 */
export function launchSumRows(
  rec: Recorder,
  x: Tensor,
  y: Tensor,
  options: { readonly rows?: Scalar; readonly accumulate?: boolean } = {},
): void {
  const { R, C } = dims({ x: "R C" }, { x });
  const rows = options.rows ?? R;
  const accumulate = options.accumulate ? 1 : 0;
  if (R <= 4 * BLOCK) {
    rec.launch({
      kernel: SUM_ROWS,
      operands: { x, y },
      scalars: { rows, per: 1, columns: C, block: R, accumulate },
      threads: [C, 1],
    });
    return;
  }
  const blocks = Math.ceil(R / BLOCK);
  const partial = rec.temporary([blocks, C], "f32", "sum_rows.partial");
  rec.launch({
    kernel: SUM_ROWS,
    operands: { x, y: partial },
    scalars: { rows, per: 1, columns: C, block: BLOCK, accumulate: 0 },
    threads: [
      C,
      typeof rows === "number" ? blocks : { scalar: rows, per: BLOCK, capacity: R },
    ],
  });
  rec.launch({
    kernel: SUM_ROWS,
    operands: { x: partial, y },
    scalars: { rows, per: BLOCK, columns: C, block: blocks, accumulate },
    threads: [C, 1],
  });
}

const op = defineOp<{ x: Tensor }, { y: Tensor }, { readonly rows?: Scalar }>({
  name: "sum_rows",
  infer: (inputs) => ({ y: like(inputs.x, [dims({ x: "R C" }, inputs).C]) }),
  forward: (rec, { x }, { y }, attrs) => launchSumRows(rec, x, y, attrs),
  cost: ({ x }) => ({ flops: x.size, bytes: bytesOf(x) }),
});

/** `y[c] = sum_r x[r, c]`, [R, C] -> [C], over the first `rows` rows if given. No derivative. */
export function sumRows(
  rec: Recorder,
  x: Tensor,
  options: { readonly rows?: Scalar } = {},
): Tensor {
  return op(rec, { x }, options).y;
}

/**
 * `sum[c] += sum_r x[r, c]`: the gradient of a bias, accumulated in place. Without `rows` the last
 * level is that of {@link addColumnSums}.
 */
export function accumulateSumRows(
  rec: Recorder,
  sum: Tensor,
  x: Tensor,
  options: { readonly rows?: Scalar } = {},
): void {
  const { rows } = options;
  const cost = { flops: x.size, bytes: bytesOf(x, sum) };
  rec.node("accumulate_sum_rows", { inputs: { x }, cost }, () => {
    if (rows === undefined) addColumnSums(rec, launchBlockSums(rec, x), sum);
    else launchSumRows(rec, x, sum, { rows, accumulate: true });
  });
}
