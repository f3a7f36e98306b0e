/**
 * The sum of two tensors, `c = a + b`, da = dc, db = dc, and the sum in place, `sum += x`. Their
 * kernels belong to autograd, which adds cotangents with them.
 *
 * @module
 */
export { accumulate, add } from "@transformer-xl/runtime/core";
