/**
 * The kernels of fused attention, one per plan, with their loops.
 *
 * @module
 */
import { type Kernel, kernel, type Numbers } from "@transformer-xl/runtime/core";
import exactExp from "../../shared/exp.wgsl" with { type: "text" };
import { forwardSource } from "./forward_source.ts";
import type { FusedPlan } from "./plan.ts";

/** Uniform fields of all kernels. */
type Sizes = "B" | "N" | "Q" | "K" | "H" | "M" | "validMemory" | "maxDistance" | "scale";

/** Operands that are read. */
type Read = {
  readonly q: Numbers;
  readonly kv: Numbers;
  readonly r?: Numbers;
  readonly u?: Numbers;
  readonly s?: Numbers;
  readonly distance_bias?: Numbers;
};

const KERNELS = new Map<string, Kernel>();

/** One forward kernel per distinct plan. */
export function forwardKernel(plan: FusedPlan): Kernel {
  const key = JSON.stringify(plan);
  let found = KERNELS.get(key);
  if (found === undefined) {
    const name = plan.positions ? "fused_attention" : "fused_plain_attention";
    const packed = plan.stage !== "workgroup";
    found = kernel<keyof Read | "out" | "lse", Sizes>(
      name,
      exactExp + forwardSource(plan),
      (operands, sizes) => forwardLoops(operands, sizes, packed),
    );
    KERNELS.set(key, found);
  }
  return found;
}

function forwardLoops(
  { out, lse, ...read }: Read & { readonly out: Numbers; readonly lse: Numbers },
  sizes: Readonly<Record<Sizes, number>>,
  packed: boolean,
): void {
  const { B, N, Q, K, H } = sizes;
  const { kv } = read;
  const weights = new Float64Array(K);
  eachRow(sizes, (i, b, n, begin, end) => {
    const q0 = ((i * B + b) * N + n) * H;
    let high = -Infinity;
    for (let j = begin; j < end; j++) {
      weights[j] = scoreOf(read, sizes, { i, b, n, j }, packed);
      if (weights[j]! > high) high = weights[j]!;
    }
    let sum = 0;
    for (let j = begin; j < end; j++) sum += weights[j] = Math.exp(weights[j]! - high);
    for (let h = 0; h < H; h++) {
      let mixed = 0;
      for (let j = begin; j < end; j++) {
        mixed += weights[j]! * kv[((2 * (j * B + b) + 1) * N + n) * H + h]!;
      }
      out[q0 + h] = mixed / sum;
    }
    lse[(b * N + n) * Q + i] = high + Math.log(sum);
  });
}

/** Visits the rows with their visible keys begin .. end - 1. */
function eachRow(
  { B, N, Q, M, validMemory, maxDistance }: Readonly<Record<Sizes, number>>,
  visit: (i: number, b: number, n: number, begin: number, end: number) => void,
): void {
  for (let i = 0; i < Q; i++) {
    const begin = Math.max(0, M - validMemory, i + M - maxDistance);
    for (let b = 0; b < B; b++) {
      for (let n = 0; n < N; n++) visit(i, b, n, begin, i + M + 1);
    }
  }
}

/** One score. */
function scoreOf(
  { q, kv, r, u, s, distance_bias: bias }: Read,
  { B, N, K, H, M, scale }: Readonly<Record<Sizes, number>>,
  { i, b, n, j }: {
    readonly i: number;
    readonly b: number;
    readonly n: number;
    readonly j: number;
  },
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
