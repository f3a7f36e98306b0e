/**
 * The part of jax-js, `npm:@jax-js/jax`, that its twin of the model uses. A function takes over its
 * operands: `ref` is one more owner for a value that is used again.
 *
 * @module
 */

/** An index of one axis: `[]` all of it, `[start, end]` a part. */
type Slice = readonly [] | readonly [number, number];

/** An array, or one that is recorded. */
export interface JaxArray {
  /** Sizes of its axes. */
  readonly shape: readonly number[];
  /** Another owner of the same array. */
  readonly ref: JaxArray;
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  transpose(): JaxArray;
  slice(...index: readonly (Slice | number)[]): JaxArray;
  sum(axis?: number, options?: { readonly keepdims: boolean }): JaxArray;
  mean(axis?: number, options?: { readonly keepdims: boolean }): JaxArray;
  /** Its elements. */
  data(): Promise<Float32Array>;
  dispose(): void;
}

type DType = { readonly __dtype: never };

interface ArrayOptions {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

interface Numpy {
  readonly float32: DType;
  readonly int32: DType;
  readonly bool: DType;
  array(values: Float32Array | Int32Array, options: ArrayOptions): JaxArray;
  zeros(shape: readonly number[]): JaxArray;
  arange(start: number, stop: number): JaxArray;
  matmul(a: JaxArray, b: JaxArray): JaxArray;
  einsum(subscripts: string, a: JaxArray, b: JaxArray): JaxArray;
  concatenate(parts: readonly JaxArray[], axis: number): JaxArray;
  pad(x: JaxArray, width: readonly (readonly [number, number])[]): JaxArray;
  take(x: JaxArray, indices: JaxArray, axis: number): JaxArray;
  where(condition: JaxArray, x: JaxArray | number, y: JaxArray | number): JaxArray;
  equal(a: JaxArray, b: JaxArray): JaxArray;
  greater(a: JaxArray, b: JaxArray | number): JaxArray;
  greaterEqual(a: JaxArray, b: JaxArray | number): JaxArray;
  less(a: JaxArray, b: JaxArray | number): JaxArray;
  minimum(a: JaxArray, b: JaxArray | number): JaxArray;
  sqrt(x: JaxArray): JaxArray;
  square(x: JaxArray): JaxArray;
}

/** Arrays by name. */
export type Named = Readonly<Record<string, JaxArray>>;

/** The package. */
export interface Jax {
  readonly numpy: Numpy;
  readonly nn: {
    relu(x: JaxArray): JaxArray;
    softmax(x: JaxArray, axis: number): JaxArray;
    logsumexp(x: JaxArray, axis: number): JaxArray;
  };
  readonly lax: { stopGradient(x: JaxArray): JaxArray };
  readonly random: {
    key(seed: number): JaxArray;
    split(key: JaxArray, count: number): JaxArray;
    bernoulli(key: JaxArray, p: number, shape: readonly number[]): JaxArray;
  };
  readonly tree: {
    ref<T>(tree: T): T;
    dispose(tree: unknown): void;
  };
  init(): Promise<readonly string[]>;
  defaultDevice(device: string): void;
  jit<F>(f: F): F & { dispose(): void };
  valueAndGrad<A extends readonly unknown[], X>(
    f: (parameters: Named, ...others: A) => readonly [JaxArray, X],
    options: { readonly hasAux: true },
  ): (
    parameters: Named,
    ...others: A
  ) => readonly [readonly [JaxArray, X], Named];
}
