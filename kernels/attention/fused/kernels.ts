/**
 * The forward kernels of fused attention, one per plan, with their loops.
 *
 * @module
 */
import { type Kernel, kernel, type Numbers } from "@transformer-xl/runtime/core";
import exactExp from "../../shared/exp.wgsl" with { type: "text" };
import type { MaskField } from "../../shared/dropout/mask.ts";
import { forwardSource } from "./forward_source.ts";
import { maskLoop } from "./mask_source.ts";
import type { FusedPlan } from "./plan.ts";

/** Uniform fields of all kernels. */
export type SizeField =
  | "B"
  | "N"
  | "Q"
  | "K"
  | "H"
  | "M"
  | "validMemory"
  | "maxDistance"
  | "scale";

/** Their values, and those of a mask. */
export type FusedSizes =
  & Readonly<Record<SizeField, number>>
  & Readonly<Partial<Record<MaskField, number>>>;

/** Operands that both passes read. */
export interface FusedOperands {
  readonly q: Numbers;
  readonly kv: Numbers;
  readonly r?: Numbers;
  readonly u?: Numbers;
  readonly s?: Numbers;
  readonly distance_bias?: Numbers;
  readonly keep?: Numbers;
}

const KERNELS = new Map<string, Kernel>();

/** One kernel for each key. */
export function kernelOf(key: string, make: () => Kernel): Kernel {
  const found = KERNELS.get(key) ?? make();
  KERNELS.set(key, found);
  return found;
}

/** One forward kernel per distinct plan. */
export function forwardKernel(plan: FusedPlan): Kernel {
  return kernelOf(`forward ${JSON.stringify(plan)}`, () => {
    const packed = plan.stage !== "workgroup";
    return kernel<keyof FusedOperands | "out" | "lse", SizeField | MaskField>(
      plan.positions ? "fused_attention" : "fused_plain_attention",
      exactExp + forwardSource(plan),
      (operands, sizes) => forwardLoops(operands, sizes, packed),
    );
  });
}

function forwardLoops(
  { out, lse, ...read }: FusedOperands & { readonly out: Numbers; readonly lse: Numbers },
  sizes: FusedSizes,
  packed: boolean,
): void {
  const { B, N, Q, K, H } = sizes;
  const { kv } = read;
  const weights = new Float64Array(K);
  const factors = new Float64Array(K);
  eachRow(sizes, ({ i, b, n, begin, end }) => {
    let high = -Infinity;
    for (let j = begin; j < end; j++) {
      weights[j] = scoreOf(read, sizes, { i, b, n, j }, packed);
      if (weights[j]! > high) high = weights[j]!;
    }
    const row = (b * N + n) * Q + i;
    maskLoop(factors, row * K, read.keep, sizes);
    let sum = 0;
    for (let j = begin; j < end; j++) {
      const weight = Math.exp(weights[j]! - high);
      sum += weight;
      weights[j] = weight * factors[j]!;
    }
    const q0 = ((i * B + b) * N + n) * H;
    for (let h = 0; h < H; h++) {
      let mixed = 0;
      for (let j = begin; j < end; j++) {
        mixed += weights[j]! * kv[((2 * (j * B + b) + 1) * N + n) * H + h]!;
      }
      out[q0 + h] = mixed / sum;
    }
    lse[row] = high + Math.log(sum);
  });
}

/** One row of queries and its visible keys begin .. end - 1. */
export interface VisibleRow {
  readonly i: number;
  readonly b: number;
  readonly n: number;
  readonly begin: number;
  readonly end: number;
}

/** Visits the rows. */
export function eachRow(
  { B, N, Q, M, validMemory, maxDistance }: FusedSizes,
  visit: (row: VisibleRow) => void,
): void {
  for (let i = 0; i < Q; i++) {
    const begin = Math.max(0, M - validMemory, i + M - maxDistance);
    for (let b = 0; b < B; b++) {
      for (let n = 0; n < N; n++) visit({ i, b, n, begin, end: i + M + 1 });
    }
  }
}

/** One score; `packed` says that the positions of a head lie one after the other. */
export function scoreOf(
  { q, kv, r, u, s, distance_bias: bias }: FusedOperands,
  { B, N, K, H, M, scale }: FusedSizes,
  { i, b, n, j }: Pick<VisibleRow, "i" | "b" | "n"> & { readonly j: number },
  packed: boolean,
): number {
  const q0 = ((i * B + b) * N + n) * H;
  const k0 = (2 * (j * B + b) * N + n) * H;
  const p = j + K - 1 - (i + M);
  const r0 = (packed ? n * K + p : p * N + n) * H;
  let sum = bias ? bias[p * N + n]! : 0;
  for (let h = 0; h < H; h++) sum += (q[q0 + h]! + (u ? u[n * H + h]! : 0)) * kv[k0 + h]!;
  if (r && s) {
    for (let h = 0; h < H; h++) sum += (q[q0 + h]! + s[n * H + h]!) * r[r0 + h]!;
  }
  return scale * sum;
}
