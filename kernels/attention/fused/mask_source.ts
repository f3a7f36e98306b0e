/**
 * Dropout of probabilities inside fused attention, as WGSL text and as a loop: the same elements of
 * the order [B, N, Q, K] are dropped as in the materialised form.
 *
 * @module
 */
import type { Numbers, Scalar, Tensor } from "@transformer-xl/runtime/core";
import type { Dropout } from "../../dropout/mod.ts";
import { drawFactors, MASK_WGSL, type MaskField, maskScalars } from "../../shared/dropout/mask.ts";
import type { MaskKind } from "./plan.ts";

/** The kind of a dropout. */
export function maskKind(dropout: Dropout | undefined): MaskKind {
  return dropout?.mask.kind ?? "none";
}

/** Uniform fields of a mask. */
export function maskFields(mask: MaskKind): readonly string[] {
  if (mask === "none") return [];
  if (mask === "given") return ["factor: f32"];
  return [
    ...["seed", "step", "stream", "site", "threshold"].map((name) => `${name}: u32`),
    "factor: f32",
  ];
}

/** Their values. */
export function maskValues(
  dropout: Dropout | undefined,
): Readonly<Record<string, number | Scalar>> {
  if (dropout === undefined) return {};
  const { rate, mask } = dropout;
  return mask.kind === "given" ? { factor: 1 / (1 - rate) } : maskScalars(mask, rate);
}

/** The operand that holds a given mask. */
export function maskOperand(dropout: Dropout | undefined): { readonly keep?: Tensor } {
  return dropout?.mask.kind === "given" ? { keep: dropout.mask.keep } : {};
}

/** Text before a kernel with a mask. */
export function maskPrelude(mask: MaskKind): string {
  return mask === "philox" ? MASK_WGSL : "";
}

/**
 * `kept_from(e)`: bits 0 to 3 tell which of the probabilities e .. e + 3 are kept. `kept_factors(e)`:
 * what these are multiplied by.
 */
export function maskFunctions(mask: MaskKind): string[] {
  if (mask === "none") return [];
  const bits = mask === "given"
    ? [
      "  let last = arrayLength(&keep) - 1u;",
      "  return select(0u, 1u, keep[min(e, last)] != 0u) |",
      "    select(0u, 2u, keep[min(e + 1u, last)] != 0u) |",
      "    select(0u, 4u, keep[min(e + 2u, last)] != 0u) |",
      "    select(0u, 8u, keep[min(e + 3u, last)] != 0u);",
    ]
    : [
      "  var bits = 0u;",
      "  for (var block = e / 8u; block <= (e + 3u) / 8u; block += 1u) {",
      "    let words = philox4x32_10(",
      "      vec4<u32>(block, scalars.step, scalars.stream, 0u),",
      "      vec2<u32>(scalars.seed, scalars.site),",
      "    );",
      "    let kept = kept_bits(words, scalars.threshold);",
      "    let first = block * 8u;",
      "    bits |= select(kept << ((first - e) % 32u), kept >> ((e - first) % 32u), e >= first);",
      "  }",
      "  return bits;",
    ];
  return [
    "fn kept_from(e: u32) -> u32 {",
    ...bits,
    "}",
    "",
    "fn kept_factors(e: u32) -> vec4<f32> {",
    "  let kept = (vec4<u32>(kept_from(e)) & vec4<u32>(1u, 2u, 4u, 8u)) != vec4<u32>(0u);",
    "  return select(vec4<f32>(0.0), vec4<f32>(scalars.factor), kept);",
    "}",
    "",
  ];
}

/** Sets factors[i] to what probability `first + i` is multiplied by. */
export function maskLoop(
  factors: Float64Array,
  first: number,
  keep: Numbers | undefined,
  numbers: Readonly<Partial<Record<MaskField, number>>>,
): void {
  const { factor } = numbers;
  if (factor === undefined) factors.fill(1);
  else if (keep === undefined) drawFactors(factors, first, numbers as Record<MaskField, number>);
  else for (let i = 0; i < factors.length; i++) factors[i] = keep[first + i] !== 0 ? factor : 0;
}
