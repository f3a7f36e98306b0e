/**
 * Vector code of Adam and AdamW.
 *
 * @module
 */
import { f32, f32x4, type VectorCode } from "@transformer-xl/runtime/wasm";
import { momentsCode, type MomentSizes, updateCode } from "../flat/vector_code.ts";

/** Moments and weights. */
export const ADAM_CODE: VectorCode = updateCode<
  "m" | "v",
  MomentSizes | "rate" | "keep" | "correction1" | "correction2" | "eps" | "decay"
>((f, { all, float }) => {
  const rate = f.vector(f32x4.splat(f32.div(float.rate, float.correction1)));
  const root2 = f.vector(f32x4.splat(f32.sqrt(float.correction2)));
  const [keep, eps, decay] = [all("keep"), all("eps"), all("decay")];
  const moments = momentsCode(f, all);
  return (p, gradient, move) => {
    const g = f.vector(f32x4.add(gradient, f32x4.mul(decay, p)));
    const { m, v } = moments(g, move);
    const direction = f32x4.div(m, f32x4.add(f32x4.div(f32x4.sqrt(v), root2), eps));
    return f32x4.sub(f32x4.mul(keep, p), f32x4.mul(rate, direction));
  };
});
