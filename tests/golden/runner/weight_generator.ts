/**
 * Generated weights from name and index, so that cases with large models need not store them:
 *
 *     x = hash(index * 2654435761 + (FNV1a(name) ^ seed))        in uint32
 *     value = float32(mean + (2 (x >>> 8) / 2^24 - 1) * halfwidth)
 *
 * @module
 */
import type { GeneratorInit } from "./case_schema.ts";

/** FNV-1a, 32 bits, of the UTF-8 bytes. */
function fnv1a(text: string): number {
  let hash = 2166136261;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

/** Centre and half-width of the values of a parameter. */
function spreadOf(name: string, init: GeneratorInit): { mean: number; halfwidth: number } {
  if (name.endsWith("layer_norm.weight")) return { mean: 1, halfwidth: init.ln };
  const bias = name.endsWith(".bias") || name.startsWith("crit.out_layers_biases.") ||
    name === "crit.cluster_bias";
  if (bias) return { mean: 0, halfwidth: init.bias };
  const table = name.startsWith("word_emb.emb_layers.") ||
    name.startsWith("crit.out_layers_weights.") || name === "crit.cluster_weight";
  if (table) return { mean: 0, halfwidth: init.emb };
  if (name.includes("emb_projs") || name.includes("out_projs")) {
    return { mean: 0, halfwidth: init.proj };
  }
  return { mean: 0, halfwidth: init.w };
}

/** The first `size` values of parameter `name`, row-major. */
export function generatedWeights(
  name: string,
  size: number,
  seed: number,
  init: GeneratorInit,
): Float32Array<ArrayBuffer> {
  const { mean, halfwidth } = spreadOf(name, init);
  const start = fnv1a(name) ^ seed;
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let x = Math.imul(i, 2654435761) + start;
    x ^= x >>> 16;
    x = Math.imul(x, 0x7feb352d);
    x ^= x >>> 15;
    x = Math.imul(x, 0x846ca68b);
    x ^= x >>> 16;
    const u = (x >>> 8) / 2 ** 24;
    values[i] = mean + (2 * u - 1) * halfwidth;
  }
  return values;
}
