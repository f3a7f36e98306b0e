// Largest value of a row and sum of exponentials relative to it, combined from all lanes of its
// workgroup. exp.wgsl stands before this text; the text after it declares `override LANES`.
var<workgroup> maxima: array<f32, LANES>;
var<workgroup> sums: array<f32, LANES>;

// Leaves the row's values in maxima[0] and sums[0] for every lane. A tree of fixed order.
fn combine_lanes(lane: u32, largest: f32, sum: f32) {
  maxima[lane] = largest;
  sums[lane] = sum;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      let mine = maxima[lane];
      let other = maxima[lane + stride];
      let both = max(mine, other);
      sums[lane] = sums[lane] * exact_exp(mine - both) +
        sums[lane + stride] * exact_exp(other - both);
      maxima[lane] = both;
    }
    workgroupBarrier();
  }
}

