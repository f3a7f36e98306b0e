/**
 * The flags of the sweep.
 *
 * @module
 */
import {
  ADAPTER_CLASSES,
  ConfigError,
  type DType,
  HALF_SUMS,
  webGpuValue,
} from "@transformer-xl/runtime";
import { matrixUnitsValue } from "@transformer-xl/model";
import { PRESETS } from "@transformer-xl/train";
import { z } from "zod";
import type { MatmulForm } from "@transformer-xl/kernels";

/** Everything `bench/tile_sweep/main.ts` accepts. */
export const sweepSchema = z.strictObject({
  shapes: z.string().default("base")
    .describe("Products: M,N,K,FORM;..., or those of a preset's step; base: wt103-base")
    .meta({ metavar: "LIST" }),
  dtype: z.enum(["f32", "f16", "both"]).default("both")
    .describe("Element types; f16 where the adapter has it"),
  fp16Sums: z.enum(HALF_SUMS).default("float32").describe("Sums of products of halves"),
  adapterClass: z.enum(ADAPTER_CLASSES).nullable().default(null)
    .describe("Sweep the tiles of another class of adapters; none: this one's"),
  budgetS: z.number().positive().default(300).describe("Seconds to measure; what is left is named"),
  webgpu: webGpuValue,
  matrixUnits: matrixUnitsValue,
  save: z.boolean().default(false).describe("Append the results to a file in bench/results/"),
});

/** Checked flags. */
export type SweepFlags = z.infer<typeof sweepSchema>;

/** Sizes and layout of one product. */
export interface Size {
  /** Layout of the operands. */
  readonly form: MatmulForm;
  /** Rows of the result. */
  readonly M: number;
  /** Columns of the result. */
  readonly N: number;
  /** Length of the sums. */
  readonly K: number;
}

const SIZE = /^(\d+),(\d+),(\d+),(NN|NT|TN)$/;

/**
 * The preset or the list that `--shapes` names.
 *
 * @throws {ConfigError} when it is neither
 */
export function shapesOf(shapes: string): { preset: string } | { sizes: readonly Size[] } {
  const preset = shapes === "base" ? "wt103-base" : shapes;
  if (Object.hasOwn(PRESETS, preset)) return { preset };
  const sizes = shapes.split(";").map((text) => {
    const [, M, N, K, form] = SIZE.exec(text.trim()) ?? [];
    const size = { form: form as MatmulForm, M: Number(M), N: Number(N), K: Number(K) };
    if (form !== undefined && size.M * size.N * size.K > 0) return size;
    throw new ConfigError(
      `Cannot parse --shapes: got "${text}", want M,N,K,FORM with FORM one of NN, NT, TN, ` +
        `or one of base, ${Object.keys(PRESETS).join(", ")}`,
    );
  });
  return { sizes };
}

/** The element types to measure on an adapter, and a sentence on one that it lacks. */
export function dtypesOf(
  dtype: SweepFlags["dtype"],
  features: readonly string[],
): { readonly dtypes: readonly DType[]; readonly lacking?: string } {
  const wanted: readonly DType[] = dtype === "both" ? ["f32", "f16"] : [dtype];
  if (features.includes("shader-f16") || dtype === "f32") return { dtypes: wanted };
  return {
    dtypes: wanted.filter((type) => type !== "f16"),
    lacking: "f16: not offered by this adapter (shader-f16)",
  };
}
