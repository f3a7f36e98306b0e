/**
 * The kernels of fused attention's derivative with their loops.
 *
 * @module
 */
import { type Kernel, kernel, type Numbers } from "@transformer-xl/runtime/core";
import exactExp from "../../../shared/exp.wgsl" with { type: "text" };
import type { MaskField } from "../../../shared/dropout/mask.ts";
import type { ItemWidth } from "../../../shared/items/item_width.ts";
import { queryKernels } from "../../kernels.ts";
import { eachRow, type FusedOperands, type FusedSizes, kernelOf, scoreOf } from "../kernels.ts";
import type { SizeField, VisibleRow } from "../kernels.ts";
import { maskLoop } from "../mask_source.ts";
import type { FusedPlan } from "../plan.ts";
import querySums from "./query_sums.wgsl" with { type: "text" };
import { backwardSource } from "./source.ts";

/** Operands that the derivative has beside those of the forward pass. */
interface BackwardOperands extends FusedOperands {
  readonly out: Numbers;
  readonly d_out: Numbers;
  readonly lse: Numbers;
  d_kv: Numbers;
  dq_sums: Numbers;
  dr_sums?: Numbers;
  distance_bias_sums?: Numbers;
}

/** One kernel of the derivative per distinct plan. */
export function backwardKernel(plan: FusedPlan): Kernel {
  return kernelOf(
    `backward ${JSON.stringify(plan)}`,
    () =>
      kernel<keyof BackwardOperands, SizeField | MaskField | "blocks">(
        plan.positions ? "fused_attention_backward" : "fused_plain_attention_backward",
        exactExp + backwardSource(plan),
        backwardLoops,
      ),
  );
}

/** Names of what is written. */
const WRITTEN = ["d_kv", "dq_sums", "dr_sums", "distance_bias_sums"] as const;

/** The sums of all workgroups are in the first part; they are rounded once, when they are stored. */
function backwardLoops(operands: BackwardOperands, sizes: FusedSizes): void {
  const { keep, lse } = operands;
  const { N, Q, K } = sizes;
  const exact = { ...operands };
  for (const name of WRITTEN) {
    const stored = operands[name];
    if (stored !== undefined) exact[name] = new Float64Array(stored.length);
  }
  const factors = new Float64Array(K);
  eachRow(sizes, (row) => {
    const { i, b, n, begin, end } = row;
    const flat = (b * N + n) * Q + i;
    const delta = deltaOf(operands, sizes, row);
    maskLoop(factors, flat * K, keep, sizes);
    for (let j = begin; j < end; j++) {
      const p = Math.exp(scoreOf(operands, sizes, { i, b, n, j }, false) - lse[flat]!);
      addKey(exact, sizes, row, { j, p, factor: factors[j]!, delta });
    }
  });
  for (const name of WRITTEN) {
    const stored = operands[name];
    if (stored === undefined) continue;
    for (let e = 0; e < stored.length; e++) stored[e] = exact[name]![e]!;
  }
}

/** The sum of the products of a row's outputs and their cotangents. */
function deltaOf(
  { out, d_out }: BackwardOperands,
  { B, N, H }: FusedSizes,
  { i, b, n }: VisibleRow,
): number {
  const q0 = ((i * B + b) * N + n) * H;
  let delta = 0;
  for (let h = q0; h < q0 + H; h++) delta += out[h]! * d_out[h]!;
  return delta;
}

/** Adds what one probability p contributes. */
function addKey(
  { q, kv, r, u, s, d_out, d_kv, dq_sums, dr_sums, distance_bias_sums: biasSums }: BackwardOperands,
  { B, N, Q, K, H, M, scale }: FusedSizes,
  { i, b, n }: VisibleRow,
  { j, p, factor, delta }: Readonly<Record<"j" | "p" | "factor" | "delta", number>>,
): void {
  const q0 = ((i * B + b) * N + n) * H;
  const k0 = (2 * (j * B + b) * N + n) * H;
  const v0 = k0 + N * H;
  let dp = 0;
  for (let h = 0; h < H; h++) {
    dp += d_out[q0 + h]! * kv[v0 + h]!;
    d_kv[v0 + h]! += factor * p * d_out[q0 + h]!;
  }
  const ds = scale * p * (factor * dp - delta);
  for (let h = 0; h < H; h++) {
    dq_sums[q0 + h]! += ds * kv[k0 + h]!;
    d_kv[k0 + h]! += ds * (q[q0 + h]! + (u ? u[n * H + h]! : 0));
  }
  if (!r || !s || !dr_sums) return;
  const position = j + K - 1 - (i + M);
  const r0 = (position * N + n) * H;
  for (let h = 0; h < H; h++) {
    dq_sums[Q * B * N * H + q0 + h]! += ds * r[r0 + h]!;
    dr_sums[b * K * N * H + r0 + h]! += ds * (q[q0 + h]! + s[n * H + h]!);
  }
  if (biasSums) biasSums[(b * K + position) * N + n]! += ds;
}

/** Cotangent of the queries from sums over parts, and the first level of those of both biases. */
export const QUERY_SUMS: Readonly<Record<ItemWidth, Kernel>> = queryKernels<"sums", "parts">(
  "attention_query_sums",
  querySums,
  ({ sums }, { parts }, length) => {
    const termOf = (which: 0 | 1) => (i: number) => {
      let sum = 0;
      for (let part = 0; part < parts; part++) sum += sums[(2 * part + which) * length + i]!;
      return sum;
    };
    return { byContent: termOf(0), byPosition: termOf(1) };
  },
);
