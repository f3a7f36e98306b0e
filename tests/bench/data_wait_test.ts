/**
 * The measurement of data: steps that wait, and their line.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { measureRun, waitLine } from "@transformer-xl/bench";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { smallConfig } from "../support/small_run.ts";

Deno.test("all steps but the first are measured, across epochs", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  const none = new Uint32Array(0);
  const train = Uint32Array.from({ length: 68 }, (_, n) => n % 7); // two segments of four columns
  const config = smallConfig({ maxStep: 5, noEval: true });
  const words = { size: 7, cutoffs: [] };
  const run = await measureRun(device, config, { train, valid: none, test: none }, words);
  assertEquals(run.steps, 4);
  // Plain loops overlap nothing.
  assert(run.readyMs <= run.waitMs && run.longestWaitMs <= run.waitMs);
  assert(run.waitMs < run.elapsedMs);
});

Deno.test("a line has the mean step, the mean and the longest wait, and the mean preparation", () => {
  const run = { steps: 4, elapsedMs: 100, waitMs: 2, longestWaitMs: 1, readyMs: 10 };
  const line = "tiny                          : 25 ms per step, 0.5 ms of it waiting for data " +
    "(at most 1), which took 2.5 ms";
  assertEquals(waitLine("tiny", run), line);
});
