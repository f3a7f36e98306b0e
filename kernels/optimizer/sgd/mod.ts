/**
 * Stochastic gradient descent, with momentum when it is above 0:
 *
 *     velocity = momentum * velocity + g,  p = p - lr * velocity,  g = c * gradient + decay * p
 *
 * without dampening or Nesterov's look-ahead. The reference gives it no decay.
 *
 * @module
 */
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
  settings: ["momentum", "weightDecay"],
  states({ momentum = 0 }): Record<string, StateSpec> {
    return momentum === 0 ? {} : { momentum: { label: "momentum" } };
  },
  squares: [],
  rule({ momentum: velocities }, { momentum = 0, weightDecay: decay = 0 }) {
    return {
      scalars: (_step, lr) => ({ lr }),
      record(rec, all, { control }, { lr }) {
        const chunks = velocities === undefined ? all : all.within(velocities.layout);
        const states = velocities === undefined ? 0 : 1;
        const cost = updateCost(chunks, 3 + 2 * states, states);
        recordOverChunks(rec, "sgd", chunks, cost, (buffer, n): ChunkLaunch => {
          const operands = { control, ...updateOperands(buffer) };
          return velocities === undefined
            ? { kernel: SGD(buffer), operands, scalars: { rate: lr, decay } }
            : {
              kernel: SGD_MOMENTUM(buffer),
              operands: { ...operands, velocity: flat(velocities.buffers[n]!) },
              scalars: { rate: lr, momentum, decay },
            };
        });
      },
    } satisfies UpdateRule<"lr">;
  },
};
