/**
 * Stochastic gradient descent, with momentum when it is above 0:
 *
 *     velocity = momentum * velocity + g,  p = p - lr * velocity,  g = c * gradient + decay * p
 *
 * without dampening or Nesterov's look-ahead. The reference gives it no decay, and tables with
 * sparse gradients neither decay nor momentum: what a row has no gradient for does not move.
 *
 * @module
 */
import type { FlatBuffer, Parameter } from "@transformer-xl/runtime/core";
import { flat } from "../flat/flat.ts";
import {
  type ChunkLaunch,
  recordOverChunks,
  updateCost,
  updateOperands,
} from "../flat/over_chunks.ts";
import type { OptimizerDefinition, StateSpec, UpdateRule } from "../optimizer.ts";
import { SGD, SGD_MOMENTUM } from "./kernels.ts";

/** SGD as in PyTorch; it keeps no state without momentum. */
export const sgd: OptimizerDefinition = {
  settings: ["momentum", "weightDecay", "sparse"],
  states({ momentum = 0, sparse = false }): Record<string, StateSpec> {
    if (momentum === 0) return {};
    const dense: Pick<StateSpec, "covers"> = sparse ? { covers: (role) => !role.sparse } : {};
    return { momentum: { label: "momentum", ...dense } };
  },
  squares: [],
  rule({ momentum: velocities }, settings, roleOf) {
    const { momentum = 0, weightDecay: decay = 0, sparse = false } = settings;
    const isSparse = (parameter: Parameter) => sparse && (roleOf(parameter).sparse ?? false);
    return {
      scalars: (_step, lr, sparseLr = lr) => ({ lr, sparseLr }),
      record(rec, all, { control }, { lr, sparseLr }) {
        const plain = (rate: typeof lr, decay: number) => (buffer: FlatBuffer): ChunkLaunch => ({
          kernel: SGD(buffer),
          operands: { control, ...updateOperands(buffer) },
          scalars: { rate, decay },
        });
        const dense = all.only((parameter) => !isSparse(parameter));
        if (velocities === undefined) {
          recordOverChunks(rec, "sgd", dense, updateCost(dense, 3, 0), plain(lr, decay));
        } else {
          const chunks = dense.within(velocities.layout);
          recordOverChunks(rec, "sgd", chunks, updateCost(chunks, 5, 1), (buffer, n) => ({
            kernel: SGD_MOMENTUM(buffer),
            operands: {
              control,
              ...updateOperands(buffer),
              velocity: flat(velocities.buffers[n]!),
            },
            scalars: { rate: lr, momentum, decay },
          }));
        }
        const tables = all.only(isSparse);
        if (tables.count === 0) return;
        recordOverChunks(rec, "sgd", tables, updateCost(tables, 3, 0), plain(sparseLr, 0));
      },
    } satisfies UpdateRule<"lr" | "sparseLr">;
  },
};
