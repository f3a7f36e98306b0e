/**
 * Value and rank of one column of every row:
 *
 *     y[r, 0] = values[r, t_r]         y[r, 1] = 1 + #{v : values[r, v] > values[r, t_r]}
 *
 * With log-probabilities as values it says how likely every target was, and how many words were more
 * likely, without reading a row per token from the device. Equal values share the better rank. No
 * derivative.
 *
 * @module
 */
import {
  bytesOf,
  defineOp,
  dims,
  f32,
  type Recorder,
  type Tensor,
} from "@transformer-xl/runtime/core";
import { TARGET_SCORES } from "./kernels.ts";

type In = { readonly values: Tensor; readonly targets: Tensor };

const op = defineOp<In, { y: Tensor }, Record<never, never>>({
  name: "target_scores",
  infer(inputs) {
    const { R } = dims({ values: "R V", targets: "R" }, inputs);
    return { y: f32([R!, 2]) };
  },
  forward(rec, { values, targets }, { y }) {
    rec.launch({
      kernel: TARGET_SCORES,
      operands: { values, targets, y },
      // On a CPU a workgroup of eight lanes is one vector, and its barriers are almost free.
      constants: { LANES: rec.limits.adapterClass === "cpu" ? 8 : 256 },
      scalars: { columns: values.shape[1]! },
      workgroups: [values.shape[0]!],
    });
  },
  cost: ({ values, targets }) => ({
    flops: values.size,
    bytes: bytesOf(values, targets) + 8 * targets.size,
  }),
});

/**
 * Value and rank of the column `targets[r]` of every row of `values`.
 *
 * @param values f32 [R, V]
 * @param targets u32 [R]: columns below V, or IGNORED, whose value and rank are 0
 * @returns f32 [R, 2]: value, and rank from 1
 * @throws {ShapeError} when the sizes disagree
 * @example
 * ```ts
 * import { targetScores } from "@transformer-xl/kernels";
 * import { ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using plan = await device.plan("ranks", (rec) => {
 *   const values = rec.input("values", [2, 3], "f32");
 *   const targets = rec.input("targets", [2], "u32");
 *   return { inputs: { values, targets }, outputs: { y: targetScores(rec, values, targets) } };
 * });
 * plan.run({ values: Float32Array.of(-1, -3, -2, -4, -5, -6), targets: Uint32Array.of(2, 0) });
 * assertEquals([...(await plan.read("y")).y], [-2, 2, -4, 1]);
 * ```
 */
export function targetScores(rec: Recorder, values: Tensor, targets: Tensor): Tensor {
  return op(rec, { values, targets }, {}).y;
}
