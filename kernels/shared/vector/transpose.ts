/**
 * Four vectors of four as the rows of a matrix, transposed.
 *
 * @module
 */
import {
  type FunctionBuilder,
  type Local,
  shuffle,
  type Value,
} from "@transformer-xl/runtime/wasm";

/** Four of a kind. */
export type Four<T> = readonly [T, T, T, T];

/** Variables of a transposition, for code that has several or runs in a loop. */
export function pairVariables(f: FunctionBuilder): Four<Local<"v128">> {
  return [f.local("v128"), f.local("v128"), f.local("v128"), f.local("v128")];
}

/** The columns of four rows; `pairs` is overwritten. */
export function transposed(
  f: FunctionBuilder,
  pairs: Four<Local<"v128">>,
  [a, b, c, d]: Four<Local<"v128">>,
): Four<Value<"v128">> {
  const [ab, cd, ab2, cd2] = pairs;
  f.set(ab, shuffle(a, b, [0, 4, 1, 5]));
  f.set(cd, shuffle(c, d, [0, 4, 1, 5]));
  f.set(ab2, shuffle(a, b, [2, 6, 3, 7]));
  f.set(cd2, shuffle(c, d, [2, 6, 3, 7]));
  return [
    shuffle(ab, cd, [0, 1, 4, 5]),
    shuffle(ab, cd, [2, 3, 6, 7]),
    shuffle(ab2, cd2, [0, 1, 4, 5]),
    shuffle(ab2, cd2, [2, 3, 6, 7]),
  ];
}
