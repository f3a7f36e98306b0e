/**
 * The products of a sweep: those of a recorded step, or given sizes.
 *
 * @module
 */
import { Model } from "@transformer-xl/model";
import { type DeviceLimits, DryDevice, type DType } from "@transformer-xl/runtime";
import { stepOptions, trainLengths, TrainStep } from "@transformer-xl/train";
import { LaunchLog } from "../gpu_report/launch_log.ts";
import { flopsOf, type Layout, type Product, productsOf } from "../gpu_report/product.ts";
import { reportRun } from "../gpu_report/settings.ts";
import type { Size } from "./settings.ts";

/** A product to sweep. */
export interface SweptProduct extends Pick<Product, "layout" | "sizes" | "dtypes" | "biased"> {
  /** Launches of one step. */
  readonly perStep: number;
}

/**
 * The distinct products of a training step of a preset, those with the most work first. Products
 * whose length varies from step to step (the tails of the vocabulary) are left out.
 */
export async function stepProducts(
  preset: string,
  dtype: DType,
  limits: DeviceLimits,
): Promise<SweptProduct[]> {
  const sizes = { batchSize: null, tgtLen: null, memLen: null, steps: 2 };
  const { config, modelConfig } = reportRun({ preset, ...sizes }, dtype === "f16");
  const device = new DryDevice(limits);
  using log = new LaunchLog(device);
  const model = new Model(device, modelConfig, { fp16: config.fp16 });
  model.store.allocate(device, { gradients: true });
  using _step = await TrainStep.record(model, trainLengths(config), stepOptions(config));
  const found = new Map<string, SweptProduct>();
  for (const product of log.recordings.flatMap((recording) => productsOf(recording))) {
    if (product.varies) continue;
    const { layout, sizes, dtypes, biased } = product;
    const { aOffset: _a, bOffset: _b, cOffset: _c, ...same } = layout;
    const key = JSON.stringify([same, dtypes, biased]);
    const perStep = (found.get(key)?.perStep ?? 0) + 1;
    found.set(key, { layout, sizes, dtypes, biased, perStep });
  }
  return [...found.values()].sort((a, b) => b.perStep * flopsOf(b) - a.perStep * flopsOf(a));
}

/** A product of its own, its rows stored one after the other. */
export function plainProduct({ form, M, N, K }: Size, dtype: DType): SweptProduct {
  const layout: Layout = {
    form,
    M,
    N,
    K,
    lda: form === "TN" ? M : K,
    ldb: form === "NT" ? K : N,
    ldc: N,
  };
  return {
    layout,
    sizes: { a: M * K, b: N * K, c: M * N },
    dtypes: { operands: dtype, result: dtype },
    biased: false,
    perStep: 1,
  };
}
