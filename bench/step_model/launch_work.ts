/**
 * Work of one executed launch: operations, bytes moved, and loads that wait for each other.
 *
 * @module
 */
import {
  bytesPer,
  type Command,
  Scalar,
  scalarOf,
  type ScalarValues,
  workgroupsOf,
} from "@transformer-xl/runtime";
import { batchesOf, flopsOf, type Product } from "../gpu_report/product.ts";

/** A launch command of a recording. */
export type LaunchCommand = Extract<Command, { kind: "launch" }>;

/** Work of a launch. */
export interface LaunchWork {
  /** Kernel, without the suffix of its element types. */
  readonly kernel: string;
  /** Floating-point operations of matrix products and of fused attention; 0 for all others. */
  readonly flops: number;
  /** Integer operations of random masks. */
  readonly integers: number;
  /** Bytes read and written: what is in no cache once, what is read again later once more. */
  readonly bytes: number;
  /** Bytes that a lane loads or stores at once, in the operand with the most bytes. */
  readonly loadBytes: number;
  /** Longest chain of loads of one lane that are not under way together. */
  readonly turns: number;
  /** Workgroups. */
  readonly workgroups: number;
  /** The product, unless this launch is none or adds the parts of one. */
  readonly product?: Product;
}

/** Philox4x32-10 without 64-bit products, for one of the eight draws of a block. */
const INTEGERS_PER_DRAW = 45;

/** Groups that the most frequent of Zipf's words has, as a part of all rows. */
const MOST_FREQUENT = 0.055;

/** The 192 blocks of 6,144 rows, of which eight lanes have four loads under way each. */
const COLUMN_SUM_TURNS = 6;

/** What the entries of the tables below compute with. */
interface Launched {
  /** Bytes of an operand. */
  bytes(operand: string): number;
  /** Bytes of one element of an operand. */
  width(operand: string): number;
  /** Value of a uniform field. */
  scalar(name: string): number;
  /** Value of an `override` constant; 1 where it has none. */
  constant(name: string): number;
}

/** Operands that are moved more than once: read in a second pass, or written after they were read. */
const PASSES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  accumulate: { sum: 2 },
  attention_softmax: { p: 3, x: 2 },
  attention_softmax_backward: { ds: 2 },
  layer_norm: { x: 2 },
  layer_norm_residual: { z: 3 },
  layer_norm_dropped: { z: 3 },
  layer_norm_backward: { dy: 2, z: 2 },
  layer_norm_backward_dropped: { dy: 2, z: 2 },
  lamb_moments: { m: 2, v: 2 },
  lamb_apply: { weights: 2 },
  lamb_apply_copied: { weights: 2 },
};

/** Launches that move a part of their operands. */
const MOVED: Readonly<Record<string, (launch: Launched) => number>> = {
  attention_query_cotangent: (l) => 3 * l.bytes("dq"),
  attention_query_sums: (l) => l.bytes("sums") + l.bytes("dq"),
  block_sums: (l) => l.bytes("x"),
  column_sums: (l) => l.bytes("partials"),
  layer_norm_backward_added: (l) => 6 * l.bytes("skip"), // lower rows alone, of dy and z twice
  layer_norm_backward_added_dropped: (l) => 7 * l.bytes("skip"),
  layer_norm_gain: (l) => l.bytes("dy") + l.bytes("z"),
  bias_gradient: (l) => l.scalar("rows") * l.scalar("columns") * l.width("dlogits"),
  copy_rows: (l) => 2 * Math.min(l.bytes("x"), l.bytes("y")),
  fused_attention_backward: (l) => fusedBackwardBytes(l, 1),
  fused_plain_attention_backward: (l) => fusedBackwardBytes(l, 0),
  embedding: (l) => 2 * l.bytes("y"),
  embedding_gradient: (l) => 3 * l.bytes("dy"),
  gather: (l) => 2 * l.scalar("count") * l.scalar("columns") * l.width("x"),
  matmul_reduce: (l) =>
    l.scalar("M") * l.scalar("N") *
    (4 * l.scalar("splits") + l.width("c") * (1 + l.scalar("accumulate"))),
  scatter: (l) => 2 * l.scalar("count") * l.scalar("columns") * l.width("x"),
  softmax_row: (l) => 3 * l.scalar("rows") * l.scalar("columns") * l.width("logits"),
};

/** Products over pairs of a query and a key that fused kernels compute. */
const FUSED_PRODUCTS: Readonly<Record<string, number>> = {
  fused_attention: 3,
  fused_plain_attention: 2,
  fused_attention_backward: 8,
  fused_plain_attention_backward: 5,
};

/** Rows of a block of fused attention, and its columns of a head. */
const [FUSED_ROWS, FUSED_COLUMNS] = [32, 64];

/** Keys of a block. */
function fusedKeys(kernel: string): number {
  return kernel.endsWith("_backward") ? 64 : 32;
}

/** Blocks of rows and keys in which some key is visible, of all batch columns and heads. */
function fusedBlocks(keys: number, { scalar }: Launched): number {
  const [Q, M] = [scalar("Q"), scalar("M")];
  const oldest = M - scalar("validMemory");
  let blocks = 0;
  for (let i = 0; i < Q; i += FUSED_ROWS) {
    const first = Math.max(0, oldest, i + M - scalar("maxDistance"));
    const last = Math.min(i + FUSED_ROWS, Q) - 1 + M;
    blocks += Math.floor(last / keys) - Math.floor(first / keys) + 1;
  }
  return scalar("B") * scalar("N") * blocks;
}

/** Pairs of a query and a key in these blocks. */
function fusedPairs(kernel: string, launch: Launched): number {
  const keys = fusedKeys(kernel);
  return FUSED_ROWS * keys * fusedBlocks(keys, launch);
}

/** Operands of the fused derivative once; sums of queries and positions with every block. */
function fusedBackwardBytes(launch: Launched, distances: number): number {
  const keys = fusedKeys("_backward");
  const once = ["q", "kv", "r", "d_out", "out", "lse", "d_kv", "dq_sums", "dr_sums"]
    .reduce((sum, name) => sum + launch.bytes(name), 0);
  const rows = distances * (FUSED_ROWS + FUSED_ROWS + keys) + (1 - distances) * FUSED_ROWS;
  return once + 2 * 4 * rows * FUSED_COLUMNS * fusedBlocks(keys, launch);
}

/** Launches whose lanes walk over rows in order. */
const TURNS: Readonly<Record<string, (launch: Launched) => number>> = {
  attention_query_cotangent: (l) => l.scalar("block"),
  attention_query_sums: (l) => l.scalar("block") * l.scalar("parts"),
  bias_gradient: (l) => l.scalar("rows") / 4 / l.constant("LANES"),
  block_sums: (l) => l.scalar("block") / 4,
  column_sums: () => COLUMN_SUM_TURNS,
  embedding_gradient: (l) => MOST_FREQUENT * l.bytes("dy") / (l.width("dy") * l.scalar("width")),
  layer_norm_gain: (l) => l.scalar("block") / 2,
  sum_rows: (l) => Math.min(l.scalar("block"), l.scalar("rows") / l.scalar("per")) / 4,
};

/**
 * The work of a launch with the numbers of a run; undefined when it has no workgroups, and so is not
 * executed.
 *
 * @param product the product of which it is a part
 */
export function launchWork(
  command: LaunchCommand,
  scalars: ScalarValues,
  product: Product | undefined,
): LaunchWork | undefined {
  const groups = workgroupsOf(command, scalars, 2 ** 32);
  const workgroups = groups[0] * groups[1] * groups[2];
  if (workgroups === 0) return undefined;
  const kernel = command.kernel.name.replace(/(_f16|_folded)+$/, "");
  const launched: Launched = {
    bytes: (name) => {
      const operand = command.operands[name];
      return operand === undefined ? 0 : operand.size * bytesPer(operand.dtype);
    },
    width: (name) => bytesPer(command.operands[name]!.dtype),
    constant: (name) => command.constants?.[name] ?? 1,
    scalar: (name) => {
      const value = command.scalars?.[name] ?? 0;
      return value instanceof Scalar ? scalarOf(value, scalars) : value;
    },
  };
  const isProduct = product !== undefined && kernel !== "matmul_reduce";
  const drawn = command.kernel.scalars.some(({ name }) => name === "threshold");
  const products = FUSED_PRODUCTS[kernel];
  const pairs = products === undefined ? undefined : fusedPairs(kernel, launched);
  return {
    kernel,
    workgroups,
    flops: isProduct ? flopsOf(product) : 2 * (products ?? 0) * (pairs ?? 0) * launched.scalar("H"),
    integers: drawn ? INTEGERS_PER_DRAW * (pairs ?? drawsOf(command)) : 0,
    bytes: isProduct ? productBytes(command, product) : otherBytes(kernel, command, launched),
    loadBytes: loadBytesOf(command, launched),
    turns: TURNS[kernel]?.(launched) ?? 0,
    ...(isProduct && { product }),
  };
}

function loadBytesOf({ kernel }: LaunchCommand, { bytes }: Launched): number {
  const [largest] = kernel.bindings.toSorted((a, b) => bytes(b.name) - bytes(a.name));
  return largest === undefined ? 0 : bytesPer(largest.dtype) * largest.width;
}

/** Elements of a residual sum, or else of the largest operand, each of which has a draw. */
function drawsOf({ kernel, operands }: LaunchCommand): number {
  if (kernel.name.startsWith("residual_sum")) return operands["sum"]!.size;
  const written = kernel.bindings.filter(({ access }) => access === "read_write");
  return Math.max(...written.map(({ name }) => operands[name]!.size));
}

/** Operands once, as far as a product uses them; the result twice if it is added to. */
function productBytes({ operands }: LaunchCommand, { layout, plan }: Product): number {
  const batches = batchesOf(layout);
  const { M, N, K } = layout;
  const used: Readonly<Record<string, number>> = {
    a: M * K * batches,
    b: N * K * batches,
    c: M * N * batches * plan.splitK * (plan.epilogue.accumulate ? 2 : 1),
  };
  return Object.entries(operands).reduce((sum, [name, { size, dtype }]) => {
    const elements = used[name] ?? size;
    return sum + bytesPer(dtype) * (name === "c" ? elements : Math.min(size, elements));
  }, 0);
}

function otherBytes(kernel: string, { operands }: LaunchCommand, launched: Launched): number {
  const moved = MOVED[kernel];
  if (moved !== undefined) return moved(launched);
  const passes = PASSES[kernel] ?? {};
  return Object.keys(operands).reduce(
    (sum, name) => sum + (passes[name] ?? 1) * launched.bytes(name),
    0,
  );
}
