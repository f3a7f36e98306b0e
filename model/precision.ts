/**
 * Element types of weights, activations and gradients, in one table. Everything else (master
 * weights, optimizer state, losses, sums, statistics, norms) is float32 in either precision.
 *
 * @module
 */
import { type Device, DeviceError } from "@transformer-xl/runtime/core";

/** Element types of a run. */
export interface Precision {
  /** Name in log lines. */
  readonly name: "fp32" | "fp16";
  /** Bound weights and their gradients; if narrower, copies of float32 master weights. */
  readonly weights: "f32" | "f16";
  /** Hidden rows, attention probabilities, logits, and their cotangents. */
  readonly activations: "f32" | "f16";
  /** The memory of earlier segments. */
  readonly memories: "f32" | "f16";
}

/** The two precisions; `fp16` is what `--fp16` asks for (the reference's Apex level O2). */
export const PRECISIONS: Readonly<Record<Precision["name"], Precision>> = {
  fp32: { name: "fp32", weights: "f32", activations: "f32", memories: "f32" },
  fp16: { name: "fp16", weights: "f16", activations: "f16", memories: "f16" },
};

/**
 * The precision of `--fp16` on a device.
 *
 * @throws {DeviceError} when half precision is requested and the adapter has no `shader-f16`
 */
export function precisionFor(fp16: boolean, { info }: Pick<Device, "info">): Precision {
  if (fp16 && !info.features.includes("shader-f16")) {
    throw new DeviceError(
      "unsupported",
      `Cannot use fp16 on "${info.adapter}": it does not offer shader-f16`,
      { need: "full precision" },
    );
  }
  return PRECISIONS[fp16 ? "fp16" : "fp32"];
}
