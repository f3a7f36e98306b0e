/**
 * Vector code of LAMB.
 *
 * @module
 */
import { f32, f32x4, i32, v128, type VectorCode } from "@transformer-xl/runtime/wasm";
import { DoubleSum } from "../../shared/vector/rows.ts";
import { chunkCode } from "../flat/vector_code.ts";

/** Moments, and the norms' partial sums. */
export const MOMENTS_CODE: VectorCode = chunkCode<
  "control" | "weights" | "gradients" | "m" | "v" | "sums",
  "beta1" | "gain1" | "beta2" | "gain2" | "eps" | "decay"
>(2, (f, { at, float, slotOf, forElements }) => {
  f.when(i32.eq(f32.eq(f32.load(at.control, 4), 0), 0), () => {
    const all = (name: keyof typeof float) => f.vector(f32x4.splat(float[name]));
    const factor = f.vector(f32x4.splat(f32.load(at.control)));
    const [beta1, gain1, beta2, gain2] = [all("beta1"), all("gain1"), all("beta2"), all("gain2")];
    const [eps, decay] = [all("eps"), all("decay")];
    const [weightSquares, updateSquares] = [new DoubleSum(f), new DoubleSum(f)];
    forElements((addressOf, { kept, store }) => {
      const g = f.vector(f32x4.mul(factor, v128.load(addressOf("gradients"))));
      const p = f.vector(kept(v128.load(addressOf("weights"))));
      const [mAt, vAt] = [addressOf("m"), addressOf("v")];
      const m = f.vector(f32x4.add(f32x4.mul(beta1, v128.load(mAt)), f32x4.mul(gain1, g)));
      const squares = f32x4.mul(f32x4.mul(gain2, g), g);
      const v = f.vector(f32x4.add(f32x4.mul(beta2, v128.load(vAt)), squares));
      const moved = f32x4.div(m, f32x4.add(f32x4.sqrt(v), eps));
      const u = f.vector(kept(f32x4.add(moved, f32x4.mul(decay, p))));
      store(mAt, m);
      store(vAt, v);
      weightSquares.addProduct(p, p);
      updateSquares.addProduct(u, u);
    });
    const slot = slotOf("sums");
    f.store(slot, f32.demote(weightSquares.total()));
    f.store(slot, f32.demote(updateSquares.total()), 4);
  });
});

/** Update of the weights. */
export const APPLY_CODE: VectorCode = chunkCode<
  "control" | "ratios" | "m" | "v" | "weights",
  "rate" | "eps" | "decay"
>(1, (f, { at, float, slotOf, forElements }) => {
  f.when(i32.eq(f32.eq(f32.load(at.control, 4), 0), 0), () => {
    const factor = f.vector(f32x4.splat(f32.mul(float.rate, f32.load(slotOf("ratios")))));
    const [eps, decay] = [f.vector(f32x4.splat(float.eps)), f.vector(f32x4.splat(float.decay))];
    forElements((addressOf, { store }) => {
      const weight = addressOf("weights");
      const p = f.vector(v128.load(weight));
      const root = f32x4.add(f32x4.sqrt(v128.load(addressOf("v"))), eps);
      const moved = f32x4.div(v128.load(addressOf("m")), root);
      const u = f32x4.add(moved, f32x4.mul(decay, p));
      store(weight, f32x4.sub(p, f32x4.mul(factor, u)));
    });
  });
});
