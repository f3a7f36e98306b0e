/**
 * Vector code of dropout.
 *
 * @module
 */
import { f32x4, i32x4, v128, type VectorCode } from "@transformer-xl/runtime/wasm";
import type { MaskField } from "../shared/dropout/mask.ts";
import { elementCode } from "../shared/vector/elements.ts";
import { drawMask } from "../shared/vector/mask.ts";

/** Code of the dropout that draws its mask. */
export const PHILOX_CODE: VectorCode = elementCode<"x" | "y", MaskField>(
  (f, { first, length, forEach }, values) => {
    const { drop } = drawMask(f, values, { first, count: length, to: values.scratch });
    forEach((addressOf, { store }, offset) => {
      store(addressOf("y"), drop(offset, v128.load(addressOf("x"))));
    });
  },
);

/** Code of the dropout that reads its mask. */
export const GIVEN_CODE: VectorCode = elementCode<"x" | "keep" | "y", "factor">(
  (f, { forEach }, { float }) => {
    const factor = f.vector(f32x4.splat(float.factor));
    forEach((addressOf, { store }) => {
      const kept = i32x4.ne(v128.load(addressOf("keep")), v128.zero);
      store(addressOf("y"), v128.and(f32x4.mul(factor, v128.load(addressOf("x"))), kept));
    });
  },
);
