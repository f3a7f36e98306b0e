/**
 * Roles of the parameters for optimizers and clipping, from their names in the state dict.
 *
 * @module
 */
import type { RoleOf } from "@transformer-xl/kernels";
import type { ModelConfig } from "./config.ts";

/** Matrices that lie below each other in one parameter: queries, keys and values. */
const STACKED: Readonly<Record<string, number>> = { qkv_net: 3, kv_net: 2 };

/**
 * The roles of the parameters of a model. The matrices of a layer are those of its linear maps. The
 * embedding is its tables, which are softmax tables too where both are tied, and its projections.
 * Tables with one row per token of the whole vocabulary have sparse gradients where the softmax is
 * sampled.
 */
export function parameterRoles({ nToken, dEmbed }: ModelConfig): RoleOf {
  return ({ name, shape }) => {
    const sparse = shape.length === 2 && shape[0] === nToken && shape[1] === dEmbed;
    if (name.startsWith("word_emb.")) return { kind: "embedding", sparse };
    const isMatrix = /^layers\..*\.weight$/.test(name) && shape.length === 2;
    if (!isMatrix) return { kind: "other", sparse };
    const net = name.split(".").at(-2)!;
    return { kind: "matrix", stacked: STACKED[net] ?? 1 };
  };
}
