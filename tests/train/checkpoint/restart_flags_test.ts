/**
 * Flags beside `--restart`: kept, taken or refused; and the notice about flags without effect.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { callProgram } from "../../support/processes/called_program.ts";
import { Scratch, SMALL, wordText } from "../../support/small_run.ts";

Deno.test("--restart keeps the stored curve, takes what may change, and refuses what may not", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const work_dir = scratch.at("run");
  const first = await callProgram("train", {
    ...SMALL,
    data,
    work_dir,
    device: "cpu",
    max_step: 6,
    eval_interval: 6,
    cuda: true,
    multi_gpu: "ddp",
  });
  assertEquals([first.code, first.stderr], [0, ""]);
  assertStringIncludes(first.stdout, "\n--cuda: ");
  assertStringIncludes(first.stdout, "\n--multi_gpu: ");

  const continued = { work_dir, device: "cpu", restart: true, no_test: true } as const;
  const refused = await callProgram("train", {
    ...continued,
    max_step: 8,
    mem_len: 4,
    vocab: "char",
  });
  assertEquals(refused.code, 2);
  assertStringIncludes(
    refused.stderr,
    "with --vocab char (it is auto there), --mem_len 4 (it is 8",
  );
  assertStringIncludes(refused.stderr, "; leave these flags out to take the checkpoint's\n");

  const longer = await callProgram("train", { ...continued, max_step: 8, clip: 0.5 });
  assertEquals([longer.code, longer.stderr], [0, ""]);
  assertStringIncludes(longer.stdout, "- max_step_scheduler : 6");
  assertStringIncludes(longer.stdout, "- mem_len : 8 (checkpoint)");
  assertStringIncludes(longer.stdout, "- clip : 0.5 (flag)");
  // The curve has 2 steps behind its warm-up of 4, so 2 more lead back to where it began.
  assertStringIncludes(
    longer.stdout,
    "warning: --max_step 8 is past the end of the cosine at step 6: the rate is 1.000e-3 there and " +
      "1.000e-2 at the end; give --max_step_scheduler 8 to stretch the curve",
  );
});
