/**
 * Vector code of GELU.
 *
 * @module
 */
import {
  f32x4,
  type FunctionBuilder,
  type Local,
  v128,
  type Value,
  type VectorCode,
} from "@transformer-xl/runtime/wasm";
import { elementCode } from "../shared/vector/elements.ts";
import { emitExp } from "../shared/vector/exponential.ts";

const all = (value: number): Value<"v128"> => f32x4.splat(value);

/** sqrt(2 / pi) and the factor of the cube. */
const C = Math.sqrt(2 / Math.PI);
const A = 0.044715;

/** Largest power that {@link emitExp} takes. */
const HIGHEST = 88;

/** x and the logistic function of 2 C (x + A x^3), which is (1 + tanh) / 2 of half of that. */
function emitHalf(f: FunctionBuilder, load: Value<"v128">): Record<"x" | "s", Local<"v128">> {
  const x = f.vector(load);
  const cube = f32x4.mul(f32x4.mul(x, x), x);
  const u = f32x4.mul(all(-2 * C), f32x4.add(x, f32x4.mul(all(A), cube)));
  const e = emitExp(f, f.vector(f32x4.min(u, all(HIGHEST))));
  return { x, s: f.vector(f32x4.div(all(1), f32x4.add(all(1), e))) };
}

/** Code of every element. */
export const GELU_CODE: VectorCode = elementCode<"x" | "y">((f, { forEach }) => {
  forEach((addressOf, { store }) => {
    const { x, s } = emitHalf(f, v128.load(addressOf("x")));
    store(addressOf("y"), f32x4.mul(x, s));
  });
});

/** Code of the cotangent of the input. */
export const GELU_BACKWARD_CODE: VectorCode = elementCode<"x" | "dy" | "dx">((f, { forEach }) => {
  forEach((addressOf, { store }) => {
    const { x, s } = emitHalf(f, v128.load(addressOf("x")));
    const square = f32x4.mul(x, x);
    const slope = f32x4.add(all(2 * C), f32x4.mul(all(6 * C * A), square));
    const spread = f32x4.mul(f32x4.mul(x, s), f32x4.sub(all(1), s));
    const factor = f32x4.add(s, f32x4.mul(spread, slope));
    store(addressOf("dx"), f32x4.mul(v128.load(addressOf("dy")), factor));
  });
});
