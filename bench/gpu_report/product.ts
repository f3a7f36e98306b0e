/**
 * Matrix products of a recording: sizes, layout, tile plan.
 *
 * @module
 */
import { type MatmulLaunch, type TilePlan, tilePlanOf } from "@transformer-xl/kernels";
import {
  type Command,
  type DType,
  type Recording,
  Scalar,
  scalarOf,
  type ScalarValues,
  type Tensor,
} from "@transformer-xl/runtime";

/** A product without its operands: what a launch needs besides them. */
export type Layout =
  & Omit<MatmulLaunch, "a" | "b" | "c" | "bias" | "gate" | "dropout" | "M" | "K" | "plan">
  & { readonly M: number; readonly K: number };

/** One product of a recording. */
export interface Product {
  /** Sizes, strides, epilogue. */
  readonly layout: Layout;
  /** Elements of each operand. */
  readonly sizes: { readonly a: number; readonly b: number; readonly c: number };
  /** Element types of the operands read and of the result. */
  readonly dtypes: { readonly operands: DType; readonly result: DType };
  /** Whether a bias is added. */
  readonly biased: boolean;
  /** Whether rows or sums have a length that is given at every run. */
  readonly varies: boolean;
  /** How it is cut. */
  readonly plan: TilePlan;
  /** First command and one past the last: a sum in parts has a second launch. */
  readonly commands: readonly [from: number, to: number];
}

type LaunchCommand = Extract<Command, { kind: "launch" }>;

/**
 * The products of a recording in order.
 *
 * @param scalars numbers of a run; without them, lengths that vary are at their most
 */
export function productsOf(
  { commands }: Pick<Recording, "commands">,
  scalars?: ScalarValues,
): Product[] {
  return commands.flatMap((command, from) => {
    if (command.kind !== "launch") return [];
    const plan = tilePlanOf(command.kernel);
    if (plan === undefined) return [];
    const reduction = plan.splitK > 1 ? commands[from + 1] as LaunchCommand : undefined;
    return [productOf(command, plan, reduction, from, scalars)];
  });
}

function productOf(
  command: LaunchCommand,
  plan: TilePlan,
  reduction: LaunchCommand | undefined,
  from: number,
  scalars: ScalarValues | undefined,
): Product {
  const { a, b, bias } = command.operands as Record<"a" | "b" | "bias", Tensor>;
  const c = (reduction ?? command).operands["c"]!;
  const fields = command.scalars!;
  const number = (name: string, of = fields) => of[name] as number;
  const { form } = plan;
  // Whatever varies is rows of `a` as it is stored.
  const extent = (name: "M" | "K") => {
    const value = fields[name]!;
    if (!(value instanceof Scalar)) return value;
    return scalars
      ? scalarOf(value, scalars)
      : value.derived?.limit ?? Math.floor(a.size / number("lda"));
  };
  const [outer, inner] = [number("outer"), number("inner")];
  const lengthOfA = extent(form === "TN" ? "M" : "K");
  const unitOfA = plan.stage === "matrix" ? 8 : 4;
  const padded = !plan.vec4
    ? undefined
    : lengthOfA % unitOfA
    ? "a"
    : number("N") % 4
    ? "c"
    : undefined;
  const strides = (x: string) => [number(`${x}_outer`), number(`${x}_inner`)] as const;
  const accumulate = reduction
    ? number("accumulate", reduction.scalars) === 1
    : plan.epilogue.accumulate;
  return {
    layout: {
      form,
      M: extent("M"),
      N: number("N"),
      K: extent("K"),
      lda: number("lda"),
      ldb: number("ldb"),
      ldc: number("ldc", (reduction ?? command).scalars),
      aOffset: number("a_offset"),
      bOffset: number("b_offset"),
      cOffset: number("c_offset", (reduction ?? command).scalars),
      ...(outer * inner > 1 && {
        batch: { outer, inner, a: strides("a"), b: strides("b"), c: strides("c") },
      }),
      relu: plan.epilogue.relu,
      accumulate,
      ...(padded && { padded }),
    },
    sizes: { a: a.size, b: b.size, c: c.size },
    dtypes: { operands: a.dtype, result: c.dtype },
    biased: bias !== undefined,
    varies: [fields["M"], fields["K"]].some((value) => value instanceof Scalar),
    plan,
    commands: [from, from + (reduction ? 2 : 1)],
  };
}

/** Independent products of one launch. */
export function batchesOf({ batch }: Pick<Layout, "batch">): number {
  return (batch?.outer ?? 1) * (batch?.inner ?? 1);
}

/** Floating-point operations of a product. */
export function flopsOf({ layout }: Pick<Product, "layout">): number {
  return 2 * layout.M * layout.N * layout.K * batchesOf(layout);
}

/** `NT 6144x512x512`: form, rows, columns, length of sums, and products per launch. */
export function productText({ layout }: Pick<Product, "layout">): string {
  const { form, M, N, K } = layout;
  const batches = batchesOf(layout);
  return `${form} ${M}x${N}x${K}${batches > 1 ? ` x ${batches}` : ""}`;
}

/**
 * `128x64x16 by 8x8 vec4, 4 parts`: tile, micro-tile, loads, parts of sums; `warp 128x64x16`,
 * `matrix 128x64x32 by 64x32`.
 */
export function planText(plan: TilePlan): string {
  const { stage, tileM, tileN, tileK, microM, microN, vec4, packedSums, splitK } = plan;
  const tile = stage === "workgroup"
    ? `${tileM}x${tileN}x${tileK} by ${microM}x${microN}${vec4 ? " vec4" : ""}`
    : stage === "warp"
    ? `warp ${tileM}x${tileN}x${tileK}`
    : stage === "matrix"
    ? `matrix ${tileM}x${tileN}x${tileK} by ${microM}x${microN}`
    : `${stage} ${tileM}x${tileN}`;
  return `${tile}${packedSums ? " packed" : ""}${splitK > 1 ? `, ${splitK} parts` : ""}`;
}
