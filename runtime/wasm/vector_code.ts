/**
 * Kernels as WebAssembly with vectors, in items that threads compute in any order.
 *
 * @module
 */
import { FunctionBuilder, type Local } from "./function_builder.ts";
import { f32, i32 } from "./values.ts";

/** Bytes of a thread's own memory, for packed operands and sums. */
export const SCRATCH_BYTES = 2 ** 20;

/** What the statements of an item work with. */
export interface ItemValues<Operands extends string, Sizes extends string> {
  /** Addresses in bytes. */
  readonly at: Readonly<Record<Operands, Local<"i32">>>;
  /** Integers among constants, scalars and numbers of the split. */
  readonly int: Readonly<Record<Sizes, Local<"i32">>>;
  /** Scalars of single precision. */
  readonly float: Readonly<Record<Sizes, Local<"f32">>>;
  /** Number of the item. */
  readonly item: Local<"i32">;
  /** Address of {@link SCRATCH_BYTES} that no other thread uses. */
  readonly scratch: Local<"i32">;
}

/** The work of a launch, cut into items. */
export type ItemSplit<Extra extends string> =
  & { readonly items: number }
  & Readonly<Record<Extra, number>>;

/**
 * The computation of a kernel with float32 operands. An item neither reads what another one writes
 * nor writes what another one does, and its results do not depend on how the work was cut, so they
 * are the same for any number of threads.
 */
export interface VectorCode<
  Operands extends string = string,
  Sizes extends string = string,
  Extra extends string = string,
> {
  /** Integers that the split adds to the kernel's scalars. */
  readonly extra: readonly Extra[];
  /**
   * Cuts a launch. One item runs without other threads: it should take some microseconds. `lengths`
   * are those of the operands. Undefined for sizes that a thread's own memory does not hold: the
   * launch then runs as plain loops.
   */
  readonly split: (
    sizes: Readonly<Record<Sizes, number>>,
    threads: number,
    lengths: Readonly<Record<Operands, number>>,
  ) => ItemSplit<Extra> | undefined;
  /** Appends the statements of one item. */
  readonly emit: (f: FunctionBuilder, values: ItemValues<Operands, Sizes | Extra>) => void;
}

/** Typed statement of a kernel's code. */
export function vectorCode<
  Operands extends string,
  Sizes extends string,
  Extra extends string = never,
>(code: VectorCode<Operands, Sizes, Extra>): VectorCode {
  return code as unknown as VectorCode; // names are checked where the code is assembled
}

/** Names and types of a launch's arguments, in the order of their words in memory. */
export interface Arguments {
  /** Operands, whose addresses come first. */
  readonly operands: readonly string[];
  /** Scalars and the numbers of the split. */
  readonly numbers: readonly { readonly name: string; readonly type: "u32" | "i32" | "f32" }[];
}

/** Name of the exported function of {@link assemble}. */
export const RUN = "run";

/**
 * The module of a kernel: `run(arguments, from, to, scratch)` computes items `from` to `to`
 * (exclusive) of the launch whose words lie at the address `arguments`.
 */
export function assemble(
  code: VectorCode,
  { operands, numbers }: Arguments,
): Uint8Array<ArrayBuffer> {
  const f = new FunctionBuilder(["i32", "i32", "i32", "i32"]);
  const [base, from, to, scratch] = [0, 1, 2, 3].map((n) => f.parameter(n, "i32")) as [
    Local<"i32">,
    Local<"i32">,
    Local<"i32">,
    Local<"i32">,
  ];
  const at: Record<string, Local<"i32">> = {};
  operands.forEach((name, n) => at[name] = f.int(i32.load(base, 4 * n)));
  const int: Record<string, Local<"i32">> = {};
  const float: Record<string, Local<"f32">> = {};
  numbers.forEach(({ name, type }, n) => {
    const offset = 4 * (operands.length + n);
    if (type === "f32") float[name] = f.local("f32", f32.load(base, offset));
    else int[name] = f.int(i32.load(base, offset));
  });
  const item = f.int(0);
  f.loop(item, [from, to], () => code.emit(f, { at, int, float, item, scratch }));
  return f.moduleBytes(RUN);
}
