/**
 * LAMB: Adam's direction without bias correction, rescaled for each parameter to the parameter's
 * norm:
 *
 *     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,  g = c * gradient,
 *     u = m / (sqrt(v) + eps) + decay * p,  ratio = min(||p||, 10) / (||u|| + eps),
 *     p = p - lr * ratio * u
 *
 * Three launches: moments with the norms' partial sums, trust ratios, weights. Between them only one
 * number per chunk waits in memory, not the direction.
 *
 * @module
 */
import { copiedBytes } from "../flat/chunks.ts";
import { flat, weightOperands } from "../flat/flat.ts";
import { recordOverChunks } from "../flat/over_chunks.ts";
import { DEFAULT_BETAS, type OptimizerDefinition, type UpdateRule } from "../optimizer.ts";
import { APPLY_KERNELS, MOMENTS, RATIO } from "./kernels.ts";

/** LAMB (You et al., 2020) as in the reference: no bias correction, norms clamped to 10. */
export const lamb: OptimizerDefinition = {
  settings: ["weightDecay", "betas", "eps", "zeroRatio"],
  states: () => ({ m: { label: "first moments" }, v: { label: "second moments" } }),
  squares: ["v"],
  rule({ m, v }, settings) {
    const { weightDecay: decay = 0, betas: [beta1, beta2] = DEFAULT_BETAS } = settings;
    const { eps = 1e-6, zeroRatio = 1 } = settings;
    return {
      scalars: (_step, lr) => ({ lr }),
      record(rec, chunks, { control }, { lr }) {
        const { starts, parameters, elements, count, gradientBytes } = chunks;
        const tensors = parameters.length;
        const sums = rec.temporary([count, 2], "f32", "lamb.sums");
        const ratios = rec.temporary([count], "f32", "lamb.ratios");
        const moments = (n: number) => ({ m: flat(m!.buffers[n]!), v: flat(v!.buffers[n]!) });
        const momentCost = { flops: 16 * elements, bytes: 20 * elements + gradientBytes };
        recordOverChunks(rec, "lamb_moments", chunks, momentCost, (buffer, n) => ({
          kernel: MOMENTS,
          operands: {
            control,
            weights: flat(buffer.masters),
            gradients: flat(buffer.gradients!),
            ...moments(n),
            sums,
          },
          scalars: { beta1, gain1: 1 - beta1, beta2, gain2: 1 - beta2, eps, decay },
        }));
        rec.node("lamb_ratio", { cost: { flops: 2 * count, bytes: 8 * count } }, () =>
          rec.launch({
            kernel: RATIO,
            operands: { starts, sums, ratios },
            constants: chunks.constants,
            scalars: { tensors, eps, zero_ratio: zeroRatio },
            workgroups: tensors,
          }));
        const cost = { flops: 7 * elements, bytes: 16 * elements + copiedBytes(chunks) };
        recordOverChunks(rec, "lamb_apply", chunks, cost, (buffer, n) => ({
          kernel: APPLY_KERNELS[zeroRatio](buffer),
          operands: { control, ratios, ...moments(n), ...weightOperands(buffer) },
          scalars: { rate: lr, eps, decay },
        }));
      },
    } satisfies UpdateRule<"lr">;
  },
};
