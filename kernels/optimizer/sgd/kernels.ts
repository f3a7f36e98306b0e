/**
 * Kernels of SGD, with their reference loops.
 *
 * @module
 */
import { f32x4 } from "@transformer-xl/runtime/wasm";
import { elementUpdate } from "../flat/element_update.ts";
import { updateCode } from "../flat/vector_code.ts";
import momentumSource from "./sgd_momentum.wgsl" with { type: "text" };
import source from "./sgd.wgsl" with { type: "text" };

/** Weights of a buffer, without momentum. */
export const SGD = elementUpdate<never, "rate" | "decay">(
  "sgd",
  source,
  ({ weights: p }, { rate, decay }) => (i, g) => {
    p[i]! -= rate * (g + decay * p[i]!);
  },
  updateCode<never, "rate" | "decay">((_f, { all }) => {
    const [rate, decay] = [all("rate"), all("decay")];
    return (p, g) => f32x4.sub(p, f32x4.mul(rate, f32x4.add(g, f32x4.mul(decay, p))));
  }),
);

/** Velocity and weights of a buffer. */
export const SGD_MOMENTUM = elementUpdate<"velocity", "rate" | "momentum" | "decay">(
  "sgd_momentum",
  momentumSource,
  ({ weights: p, velocity }, { rate, momentum, decay }) => (i, g, at) => {
    const moved = velocity[at] = momentum * velocity[at]! + (g + decay * p[i]!);
    p[i]! -= rate * moved;
  },
  updateCode<"velocity", "rate" | "momentum" | "decay">((f, { all }) => {
    const [rate, momentum, decay] = [all("rate"), all("momentum"), all("decay")];
    return (p, gradient, move) => {
      const g = f.vector(f32x4.add(gradient, f32x4.mul(decay, p)));
      const moved = move("velocity", (old) => f32x4.add(f32x4.mul(momentum, old), g));
      return f32x4.sub(p, f32x4.mul(rate, moved));
    };
  }),
);
