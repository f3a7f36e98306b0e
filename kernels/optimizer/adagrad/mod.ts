/**
 * Adagrad: the rate of an element decreases with the sum of its squared gradients:
 *
 *     sum = sum + g^2,  p = p - lr * g / (sqrt(sum) + eps),  g = c * gradient + decay * p
 *
 * @module
 */
import { flat } from "../flat/flat.ts";
import { recordOverChunks, updateCost, updateOperands } from "../flat/over_chunks.ts";
import type { OptimizerDefinition, UpdateRule } from "../optimizer.ts";
import { ADAGRAD } from "./kernels.ts";

/** Adagrad (Duchi et al., 2011) as in PyTorch; sums start at 0. The reference gives it no decay. */
export const adagrad: OptimizerDefinition = {
  settings: ["weightDecay", "eps"],
  states: () => ({ sum: { label: "sums of squared gradients" } }),
  squares: ["sum"],
  rule({ sum }, { eps = 1e-10, weightDecay: decay = 0 }) {
    return {
      scalars: (_step, lr) => ({ lr }),
      record(rec, all, { control }, { lr }) {
        const chunks = all.within(sum!.layout);
        recordOverChunks(rec, "adagrad", chunks, updateCost(chunks, 7, 1), (buffer, n) => ({
          kernel: ADAGRAD(buffer),
          operands: { control, sum: flat(sum!.buffers[n]!), ...updateOperands(buffer) },
          scalars: { rate: lr, eps, decay },
        }));
      },
    } satisfies UpdateRule<"lr">;
  },
};
