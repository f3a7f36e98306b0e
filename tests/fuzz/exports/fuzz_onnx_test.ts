/**
 * Mutated ONNX models.
 *
 * @module
 */
import { fuzzOnnx } from "./fuzz_onnx.ts";

Deno.test("200 mutated ONNX models are refused in one line or agree with themselves", async () => {
  await fuzzOnnx({ count: 200, seed: 1 });
});
