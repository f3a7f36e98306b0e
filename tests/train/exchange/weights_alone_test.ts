/**
 * Runs of `deno task train` with exported weights.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { exported, lossOf } from "../../support/exchange/exported.ts";
import { trainedCheckpoint } from "../../support/model/trained_checkpoint.ts";
import { callProgram } from "../../support/processes/called_program.ts";
import { Scratch, wordText } from "../../support/small_run.ts";

Deno.test("a run starts from weights alone in half precision, and does not resume them", async () => {
  await using scratch = new Scratch();
  const model = await trainedCheckpoint(scratch.path);
  const half = scratch.at("half.safetensors");
  await exported({ model, safetensors: half, fp16: true });
  const data = await scratch.text("text.txt", wordText(60));
  const run = { device: "cpu", work_dir: scratch.at("run"), data } as const;
  const started = await callProgram("train", {
    ...{ ...run, init_from: half, lr: 0, eta_min: 0, batch_size: 4, tgt_len: 8, mem_len: 8 },
    ...{ max_step: 1, no_eval: true, no_test: true, log_interval: 1 },
  });
  assertEquals([started.code, started.stderr], [0, ""], started.stdout);
  assertMatch(started.stdout, /Starting from the weights of ".*half.safetensors"/);
  const [, loss] = /loss +([\d.]+)/.exec(started.stdout)!;
  assert(Math.abs(Number(loss) - await lossOf(model)) < 0.5, started.stdout);
  const resumed = await callProgram("train", { ...run, restart: half });
  assertEquals(resumed.code, 2, resumed.stdout);
  assertMatch(
    resumed.stderr,
    /^error: Cannot use ".*half.safetensors": it holds weights and symbols, but no state of training: neither settings of the run nor optimizer state, memories and place in the text; give a file that training wrote, or start a new run from these weights with --init_from\n$/,
  );
});
