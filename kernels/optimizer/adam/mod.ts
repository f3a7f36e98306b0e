/**
 * Adam and AdamW, in one launch per flat buffer:
 *
 *     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
 *     p = p - lr * (m / (1 - beta1^t)) / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 *
 * They differ in weight decay. That of Adam is the gradient of an L2 penalty and passes through the
 * moments, `g = c * gradient + decay * p`; that of AdamW is decoupled from them: `p` is first
 * multiplied by `1 - lr * decay`.
 *
 * @module
 */
import { flat } from "../flat/flat.ts";
import { recordOverChunks, updateCost, updateOperands } from "../flat/over_chunks.ts";
import { DEFAULT_BETAS, type OptimizerDefinition, type UpdateRule } from "../optimizer.ts";
import { ADAM } from "./kernels.ts";

/** Adam (Kingma and Ba, 2015) as in PyTorch. */
export const adam: OptimizerDefinition = adamWithDecay("penalty");

/** AdamW (Loshchilov and Hutter, 2019) as in PyTorch. */
export const adamw: OptimizerDefinition = adamWithDecay("decoupled");

function adamWithDecay(kind: "penalty" | "decoupled"): OptimizerDefinition {
  return {
    settings: ["weightDecay", "betas", "eps"],
    states: () => ({ m: { label: "first moments" }, v: { label: "second moments" } }),
    squares: ["v"],
    rule({ m, v }, { weightDecay = 0, betas: [beta1, beta2] = DEFAULT_BETAS, eps = 1e-8 }) {
      const decoupled = kind === "decoupled" ? weightDecay : 0;
      const decay = weightDecay - decoupled;
      const rates = { beta1, gain1: 1 - beta1, beta2, gain2: 1 - beta2, eps, decay };
      return {
        scalars: (step, lr) => ({
          lr,
          keep: 1 - lr * decoupled,
          biasCorrection1: 1 - beta1 ** step,
          biasCorrection2: 1 - beta2 ** step,
        }),
        record(rec, all, { control }, { lr, keep, biasCorrection1, biasCorrection2 }) {
          const chunks = all.within(m!.layout);
          recordOverChunks(rec, "adam", chunks, updateCost(chunks, 16, 2), (buffer, n) => ({
            kernel: ADAM(buffer),
            operands: {
              control,
              m: flat(m!.buffers[n]!),
              v: flat(v!.buffers[n]!),
              ...updateOperands(buffer),
            },
            scalars: {
              rate: lr,
              keep,
              correction1: biasCorrection1,
              correction2: biasCorrection2,
              ...rates,
            },
          }));
        },
      } satisfies UpdateRule<"lr" | "keep" | "biasCorrection1" | "biasCorrection2">;
    },
  };
}
