/**
 * Kernel of Adagrad, with its reference loop.
 *
 * @module
 */
import { f32x4 } from "@transformer-xl/runtime/wasm";
import { elementUpdate } from "../flat/element_update.ts";
import { updateCode } from "../flat/vector_code.ts";
import source from "./adagrad.wgsl" with { type: "text" };

/** Sums of squares and weights of a buffer. */
export const ADAGRAD = elementUpdate<"sum", "rate" | "eps" | "decay">(
  "adagrad",
  source,
  ({ weights: p, sum }, { rate, eps, decay }) => (i, gradient, at) => {
    const g = gradient + decay * p[i]!;
    const squares = sum[at] = sum[at]! + g * g;
    p[i]! -= rate * (g / (Math.sqrt(squares) + eps));
  },
  updateCode<"sum", "rate" | "eps" | "decay">((f, { all }) => {
    const [rate, eps, decay] = [all("rate"), all("eps"), all("decay")];
    return (p, gradient, move) => {
      const g = f.vector(f32x4.add(gradient, f32x4.mul(decay, p)));
      const sum = move("sum", (old) => f32x4.add(old, f32x4.mul(g, g)));
      const direction = f32x4.div(g, f32x4.add(f32x4.sqrt(sum), eps));
      return f32x4.sub(p, f32x4.mul(rate, direction));
    };
  }),
);
