// exp to one unit in the last place, for x <= 88; 0 below -87.
// The built-in exp is often exp2(x * log2(e)), whose error grows with |x|: 1e-6 at -20. Here
// x = n ln 2 + r with |r| <= ln(2) / 2, ln 2 in two parts so that r is exact, a polynomial in r
// (Cephes' coefficients), and 2^n by its bits.
fn exact_exp(x: f32) -> f32 {
  let n = round(max(x, -87.0) * 1.44269504);
  let r = (x - n * 0.693359375) - n * -2.12194440e-4;
  var p = 1.9875691500e-4;
  p = p * r + 1.3981999507e-3;
  p = p * r + 8.3334519073e-3;
  p = p * r + 4.1665795894e-2;
  p = p * r + 1.6666665459e-1;
  p = p * r + 5.0000001201e-1;
  let y = (p * r * r + r + 1.0) * bitcast<f32>(u32(i32(n) + 127) << 23u);
  return select(y, 0.0, x < -87.0);
}

