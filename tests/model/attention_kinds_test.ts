/**
 * Attention kinds: parameters and positions belong to the kind, and a checkpoint without a kind has
 * relative attention.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  modelConfigSchema,
  parseModelConfig,
  resolveModel,
  TransformerXL,
} from "@transformer-xl/model";
import { ConfigError, ParameterStore, PORTABLE_LIMITS } from "@transformer-xl/runtime";
import { modelOf, trainSchema } from "@transformer-xl/train";

const config = trainSchema.parse({ nLayer: 2, nHead: 2, dHead: 4, dModel: 8, dInner: 16 });

Deno.test("relative attention declares its shared biases first, and a projection of positions per layer", () => {
  using store = new ParameterStore();
  new TransformerXL(store, modelOf(config, 12, []), PORTABLE_LIMITS);
  const names = store.parameters.map(({ name }) => name);
  assertEquals(names.slice(0, 2), ["r_w_bias", "r_r_bias"]);
  assertEquals(names.filter((name) => name.includes("r_net")), [
    "layers.0.dec_attn.r_net.weight",
    "layers.1.dec_attn.r_net.weight",
  ]);
});

Deno.test("a stored model names its kind of attention; an older one has relative attention", () => {
  const resolved = resolveModel(config, 12, []);
  assertEquals(resolved.attnType, 0);
  const { attnType: _, ...older } = resolved;
  assertEquals(parseModelConfig(older), resolved);
  assertEquals(Object.keys(modelConfigSchema.parse(older)), Object.keys(resolved));
});

Deno.test("an attention type without a kind is refused, in flags and in stored models", () => {
  assertThrows(
    () => resolveModel({ ...config, attnType: 2 }, 12, []),
    ConfigError,
    "use --attn_type 0",
  );
  const unknown = { ...resolveModel(config, 12, []), attnType: 2 };
  assertThrows(() => parseModelConfig(unknown), ConfigError, "attnType");
});
