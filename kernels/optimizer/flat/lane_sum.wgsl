// The sum of one number per lane, for lane 0, added in a tree: its order is fixed.
override LANES: u32;
var<workgroup> lane_sums: array<f32, LANES>;

fn lane_sum(lane: u32, value: f32) -> f32 {
  lane_sums[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      lane_sums[lane] += lane_sums[lane + half];
    }
  }
  return lane_sums[0];
}

