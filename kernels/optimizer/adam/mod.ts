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
import type { Parameter } from "@transformer-xl/runtime/core";
import { flat } from "../flat/flat.ts";
import { recordOverChunks, updateCost, updateOperands } from "../flat/over_chunks.ts";
import { DEFAULT_BETAS, type OptimizerDefinition, type UpdateRule } from "../optimizer.ts";
import { ADAM } from "./kernels.ts";
import { recordSparseAdam } from "./sparse.ts";

/** Adam (Kingma and Ba, 2015) as in PyTorch. */
export const adam: OptimizerDefinition = adamWithDecay("penalty");

/** AdamW (Loshchilov and Hutter, 2019) as in PyTorch. */
export const adamw: OptimizerDefinition = adamWithDecay("decoupled");

function adamWithDecay(kind: "penalty" | "decoupled"): OptimizerDefinition {
  return {
    settings: ["weightDecay", "betas", "eps", ...(kind === "penalty" ? ["sparse"] as const : [])],
    states: () => ({ m: { label: "first moments" }, v: { label: "second moments" } }),
    squares: ["v"],
    rule({ m, v }, settings, roleOf) {
      const { weightDecay = 0, betas: [beta1, beta2] = DEFAULT_BETAS, eps = 1e-8 } = settings;
      const isSparse = (parameter: Parameter) => roleOf(parameter).sparse ?? false;
      const decoupled = kind === "decoupled" ? weightDecay : 0;
      const decay = weightDecay - decoupled;
      const sparse = kind === "penalty" && (settings.sparse ?? false);
      const decays = { beta1, gain1: 1 - beta1, beta2, gain2: 1 - beta2, eps };
      return {
        scalars: (step, lr, sparseLr = lr) => ({
          lr,
          sparseLr,
          keep: 1 - lr * decoupled,
          biasCorrection1: 1 - beta1 ** step,
          biasCorrection2: 1 - beta2 ** step,
        }),
        record(rec, group, norm, { lr, sparseLr, keep, biasCorrection1, biasCorrection2 }) {
          const { control } = norm;
          const all = group.within(m!.layout);
          const numbers = {
            correction1: biasCorrection1,
            correction2: biasCorrection2,
            ...decays,
          };
          const chunks = sparse ? all.only((parameter) => !isSparse(parameter)) : all;
          recordOverChunks(rec, "adam", chunks, updateCost(chunks, 16, 2), (buffer, n) => ({
            kernel: ADAM(buffer),
            operands: {
              control,
              m: flat(m!.buffers[n]!),
              v: flat(v!.buffers[n]!),
              ...updateOperands(buffer),
            },
            scalars: { rate: lr, keep, decay, ...numbers },
          }));
          if (!sparse) return;
          const scalars = { rate: sparseLr, ...numbers };
          recordSparseAdam(rec, all, norm, { m: m!, v: v! }, roleOf, scalars);
        },
      } satisfies UpdateRule<"lr" | "sparseLr" | "keep" | "biasCorrection1" | "biasCorrection2">;
    },
  };
}
