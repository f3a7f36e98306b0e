/**
 * Exponential and logarithm in vector code.
 *
 * @module
 */
import {
  f32,
  f32x4,
  f64,
  type FunctionBuilder,
  i32,
  i32x4,
  type Local,
  v128,
  type Value,
} from "@transformer-xl/runtime/wasm";

/** Coefficients of Cephes' expf, highest power first. */
const POLYNOMIAL = [
  1.9875691500e-4,
  1.3981999507e-3,
  8.3334519073e-3,
  4.1665795894e-2,
  1.6666665459e-1,
  5.0000001201e-1,
] as const;

/** Smallest exponent whose exponential is not 0. */
const LOWEST = -87;

/**
 * exp of four numbers to one unit in the last place, for x <= 88; 0 below -87. As in `exp.wgsl`:
 * x = n ln 2 + r, a polynomial in r, and 2^n by its bits.
 */
export function emitExp(f: FunctionBuilder, x: Local<"v128">): Local<"v128"> {
  const all = (value: number) => f32x4.splat(value);
  const n = f.vector(f32x4.nearest(f32x4.mul(f32x4.max(x, all(LOWEST)), all(1.44269504))));
  const r = f.vector(f32x4.sub(
    f32x4.sub(x, f32x4.mul(n, all(0.693359375))),
    f32x4.mul(n, all(-2.12194440e-4)),
  ));
  const [highest, ...others] = POLYNOMIAL;
  const p = f.vector(all(highest));
  for (const coefficient of others) f.set(p, f32x4.add(f32x4.mul(p, r), all(coefficient)));
  f.set(p, f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), all(1)));
  const power = i32x4.shl(i32x4.add(i32x4.truncate(n), i32x4.splat(127)), 23);
  return f.vector(v128.andnot(f32x4.mul(p, power), f32x4.lt(x, all(LOWEST))));
}

/** Terms of the series: the first left out is below 1e-13. */
const TERMS = 12;

/**
 * Natural logarithm of a finite number of at least 1: x = 2^k m, and log m = 2 artanh t by its series
 * in t = (m - 1) / (m + 1), which is below 1/3.
 */
export function emitLog(f: FunctionBuilder, x: Value<"f64">): Local<"f64"> {
  const bits = f.int(i32.reinterpret(f32.demote(x)));
  const exponent = f.int(i32.shrU(bits, 23));
  const power = f64.promote(f32.reinterpret(i32.shl(exponent, 23)));
  const m = f.local("f64", f64.div(x, power));
  const t = f.local("f64", f64.div(f64.sub(m, 1), f64.add(m, 1)));
  const square = f.local("f64", f64.mul(t, t));
  const series = f.local("f64", f64.const(1 / (2 * TERMS + 1)));
  for (let term = TERMS - 1; term >= 0; term--) {
    f.set(series, f64.add(f64.mul(series, square), 1 / (2 * term + 1)));
  }
  const k = f64.convert(i32.sub(exponent, 127));
  return f.local("f64", f64.add(f64.mul(k, Math.LN2), f64.mul(f64.mul(2, t), series)));
}
