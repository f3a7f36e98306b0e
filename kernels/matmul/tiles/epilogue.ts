/**
 * Epilogues of matmul kernels: what happens to a sum between the multiply loop and its store. A step
 * is an entry of {@link STEPS}; kernels of every stage apply the steps of their plan in that order.
 *
 * @module
 */

/** What happens to alpha * sum before it is stored, in this order. */
export interface Epilogue {
  /** Add bias[n]; the kernel has one more binding, `bias`. */
  readonly bias: boolean;
  /** Add what C holds instead of overwriting it. */
  readonly accumulate: boolean;
  /** Replace negative values by 0. */
  readonly relu: boolean;
  /**
   * Drop element m * N + n if its Philox draw says so, else multiply by `factor`; the uniform block
   * has the fields of a mask. `workgroup` and `warp` plans with N a multiple of 8 only.
   */
  readonly dropout?: boolean;
  /** Replace values by 0 where gate[m, n], laid out as C, is not positive: a binding `gate`. */
  readonly gate?: boolean;
}

/** The epilogue of partial sums, and of plain products. */
export const PLAIN_EPILOGUE: Epilogue = { bias: false, accumulate: false, relu: false };

/** Whether values are stored as they are summed. */
export function isPlain(epilogue: Epilogue): boolean {
  return !Object.values(epilogue).some((step) => step);
}

/** Whether values need whole sums: all but an addition to C, which the reduction of parts does too. */
export function needsWholeSums({ bias, relu, dropout = false, gate = false }: Epilogue): boolean {
  return bias || relu || dropout || gate;
}

/** WGSL expressions of one value, or of four neighbours along n. */
export interface EpilogueOperands {
  /** The sum. */
  readonly sum: string;
  /** What is added. */
  readonly bias: string;
  /** What C holds. */
  readonly previous: string;
  /** 0 of the same type. */
  readonly zero: string;
  /** Whether the draw keeps it. */
  readonly kept: string;
  /** What must be positive. */
  readonly gate: string;
}

const STEPS: readonly {
  readonly step: keyof Epilogue;
  readonly apply: (value: string, operands: EpilogueOperands) => string;
}[] = [
  { step: "bias", apply: (value, { bias }) => `${value} + ${bias}` },
  { step: "accumulate", apply: (value, { previous }) => `${previous} + ${value}` },
  { step: "relu", apply: (value, { zero }) => `max(${value}, ${zero})` },
  {
    step: "dropout",
    apply: (value, { zero, kept }) => `select(${zero}, scalars.factor * (${value}), ${kept})`,
  },
  {
    step: "gate",
    apply: (value, { zero, gate }) => `select(${zero}, ${value}, ${gate} > ${zero})`,
  },
];

/** The value that is stored. */
export function epilogueValue(epilogue: Epilogue, operands: EpilogueOperands): string {
  return STEPS.filter(({ step }) => epilogue[step])
    .reduce((value, { apply }) => apply(value, operands), `scalars.alpha * ${operands.sum}`);
}

/** Bindings of the epilogue, `a`, `b` and `c` being 0 to 2; `item` is the type of an item of C. */
export function epilogueBindings(
  { bias, gate = false }: Epilogue,
  item: (alias: string) => string,
): string[] {
  return [
    ...(bias ? ["bias: array<Value>"] : []),
    ...(gate ? [`gate: array<${item("Value")}>`] : []),
  ].map((declared, i) => `@group(0) @binding(${3 + i}) var<storage, read> ${declared};`);
}

/** Fields of the uniform block that the epilogue adds. */
export function epilogueFields({ dropout = false }: Epilogue): string[] {
  return dropout
    ? [..."seed step stream site threshold".split(" ").map((name) => `${name}: u32`), "factor: f32"]
    : [];
}

/** The formula of the stored value, for the head of a kernel's text. */
export function epilogueFormula(epilogue: Epilogue, sum: string): string {
  const { bias, accumulate, relu, dropout = false, gate = false } = epilogue;
  const biased = `${sum}${bias ? " + bias[n]" : ""}`;
  if (!relu && !dropout && !gate) return `C[m,n] ${accumulate ? "+=" : "="} ${biased}`;
  const total = `${accumulate ? "C[m,n] + " : ""}${biased}`;
  const cut = relu ? `max(${total}, 0)` : total;
  const dropped = dropout ? `drop(${cut})` : cut;
  return `C[m,n] = ${gate ? `gate[m,n] > 0 ? ${dropped} : 0` : dropped}`;
}
