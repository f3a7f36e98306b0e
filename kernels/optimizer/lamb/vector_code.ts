/**
 * Vector code of LAMB.
 *
 * @module
 */
import { f32, f32x4, v128, type VectorCode } from "@transformer-xl/runtime/wasm";
import { DoubleSum } from "../../shared/vector/rows.ts";
import {
  chunkCode,
  clipFactor,
  momentsCode,
  type MomentSizes,
  whenApplied,
} from "../flat/vector_code.ts";

/** Moments, and the norms' partial sums. */
export const MOMENTS_CODE: VectorCode = chunkCode<
  "control" | "weights" | "gradients" | "m" | "v" | "sums",
  MomentSizes | "eps" | "decay"
>(2, (f, { at, all, slotOf, forElements }) => {
  whenApplied(f, at.control, () => {
    const factor = clipFactor(f, at.control);
    const moments = momentsCode(f, all);
    const [eps, decay] = [all("eps"), all("decay")];
    const [weightSquares, updateSquares] = [new DoubleSum(f), new DoubleSum(f)];
    forElements(({ addressOf, kept, move }) => {
      const g = f.vector(f32x4.mul(factor, v128.load(addressOf("gradients"))));
      const p = f.vector(kept(v128.load(addressOf("weights"))));
      const { m, v } = moments(g, move);
      const moved = f32x4.div(m, f32x4.add(f32x4.sqrt(v), eps));
      const u = f.vector(kept(f32x4.add(moved, f32x4.mul(decay, p))));
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
>(1, (f, { at, all, float, slotOf, forElements }) => {
  whenApplied(f, at.control, () => {
    const factor = f.vector(f32x4.splat(f32.mul(float.rate, f32.load(slotOf("ratios")))));
    const [eps, decay] = [all("eps"), all("decay")];
    forElements(({ addressOf, move }) => {
      const root = f32x4.add(f32x4.sqrt(v128.load(addressOf("v"))), eps);
      const moved = f.vector(f32x4.div(v128.load(addressOf("m")), root));
      move("weights", (old) => {
        const p = f.vector(old);
        return f32x4.sub(p, f32x4.mul(factor, f32x4.add(moved, f32x4.mul(decay, p))));
      });
    });
  });
});
