/**
 * Models from settings and checkpoints.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  CharacterVocabulary,
  createModel,
  loadModel,
  modelConfig,
  saveModel,
} from "@transformer-xl/model";
import {
  CheckpointError,
  ConfigError,
  type Device,
  readParameters,
  ReferenceDevice,
  weightsOf,
} from "@transformer-xl/runtime";
import { Scratch } from "../support/small_run.ts";

const SIZES = { vocabSize: 4, nLayer: 1, dModel: 16 };

async function weights(device: Device, store: Parameters<typeof weightsOf>[0]): Promise<number[]> {
  const all = await Array.fromAsync(readParameters(device, store, weightsOf(store)));
  return all.flatMap(([, values]) => [...values]);
}

Deno.test("heads and feed-forward layers follow from the width of the model", () => {
  for (
    const [given, nHead, dHead, dInner] of [
      [{ dModel: 512 }, 8, 64, 2048], // the base model
      [{ dModel: 1024 }, 16, 64, 4096], // the large one
      [{ dModel: 16 }, 1, 16, 64],
      [{ dModel: 64, nHead: 4 }, 4, 16, 256],
      [{ dModel: 64, dHead: 8 }, 8, 8, 256],
      [{ dModel: 64, nHead: 2, dHead: 5, dInner: 9 }, 2, 5, 9],
    ] as const
  ) {
    const config = modelConfig({ vocabSize: 10, ...given });
    assertEquals([config.nHead, config.dHead, config.dInner], [nHead, dHead, dInner]);
    assertEquals(config.nToken, 10);
  }
});

Deno.test("wrong settings of a model are named with their value", () => {
  assertThrows(() => modelConfig({ vocabSize: 1 }), ConfigError, "with vocabSize 1: ");
  assertThrows(() => modelConfig({ vocabSize: 9, nLayer: 0 }), ConfigError, "with nLayer 0: ");
  assertThrows(
    () => modelConfig({ vocabSize: 9, dModel: 15 }),
    ConfigError,
    "with dModel 15: must",
  );
  const unknown = { vocabSize: 9, layers: 2 };
  assertThrows(() => modelConfig(unknown), ConfigError, '"layers"');
  const cut = { vocabSize: 9, adaptive: true, cutoffs: [9] };
  assertThrows(() => modelConfig(cut), ConfigError, "9");
});

Deno.test("a saved model is loaded with its weights and its vocabulary", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("model.safetensors");
  using device = new ReferenceDevice({ precision: "f32" });
  using model = await createModel(device, SIZES, { seed: 3 });
  const vocabulary = new CharacterVocabulary([..."abcd"]);
  await saveModel(path, model, vocabulary);
  using loaded = await loadModel(device, path, { training: true });
  assertEquals(loaded.config, model.config);
  assertEquals(loaded.vocabulary.symbols, vocabulary.symbols);
  assertEquals(await weights(device, loaded.store), await weights(device, model.store));
  assert(loaded.store.buffers.every(({ gradients }) => gradients !== undefined));
  await assertRejects(
    () => saveModel(path, model, new CharacterVocabulary(["a"])),
    ConfigError,
    "with 1 symbols: the model has 4",
  );
  await assertRejects(() => loadModel(device, scratch.at("none")), CheckpointError);
});
