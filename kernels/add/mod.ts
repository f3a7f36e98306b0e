/**
 * The sum of two tensors, `c = a + b`, da = dc, db = dc, and the sum in place, `sum += x`. Autograd
 * adds cotangents with them, so their kernels stand beside it.
 *
 * @module
 */
export { accumulate, add } from "@transformer-xl/runtime/core";
