/**
 * Resuming: a run that stops and continues ends with the same bits as one that never stopped.
 *
 *     deno run -A tests/examples/06_resume.ts
 *
 * @module
 */
import { loadModel, ReferenceDevice } from "@transformer-xl/mod";
import { readParameters, weightsOf } from "@transformer-xl/runtime";
import { train } from "@transformer-xl/train/cli";
import { assertEquals } from "@std/assert";

const folder = await Deno.makeTempDir();
const data = `${folder}/text.txt`;
await Deno.writeTextFile(data, "she sells sea shells by the sea shore\n".repeat(60));
const flags = "--preset tiny --n_layer 2 --d_model 16 --d_inner 32 --batch_size 4 --tgt_len 16 " +
  "--mem_len 16 --dropout 0.1 --max_step_scheduler 6 --no_eval";
const run = (name: string, more: string) =>
  train(["--data", data, "--work_dir", `${folder}/${name}`, ...`${flags} ${more}`.split(" ")]);
await run("whole", "--max_step 6");
await run("stopped", "--max_step 3");
await run("stopped", "--max_step 6 --restart");

async function weights(name: string): Promise<number[]> {
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await loadModel(device, `${folder}/${name}/checkpoint_last.safetensors`);
  const all = readParameters(device, model.store, weightsOf(model.store));
  return (await Array.fromAsync(all)).flatMap(([, values]) => [...values]);
}
assertEquals(await weights("stopped"), await weights("whole"));
await Deno.remove(folder, { recursive: true });
