// Trust ratio of every parameter, for each of its chunks:
//   wn = min(||p||, 10),  un = ||u||,  ratio = wn / (un + eps), zero_ratio where either norm is 0.
// sums: {p^2, u^2} per chunk, those of one tensor side by side in row order; starts: [tensors + 1].
// ratios: [chunks], in the slots of the sums.
// One workgroup per tensor walks its chunks, so the order of summation is fixed.
override LANES: u32;
struct Scalars { tensors: u32, eps: f32, zero_ratio: f32 }
@group(0) @binding(0) var<storage, read> starts: array<u32>;
@group(0) @binding(1) var<storage, read> sums: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> ratios: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;
var<workgroup> lane_sums: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let tensor = group.x + group.y * groups.x;
  if (tensor >= scalars.tensors) {
    return;
  }
  let end = starts[tensor + 1u];
  var i = starts[tensor] + lane;
  var total = vec2<f32>();
  for (; i + 3u * LANES < end; i += 4u * LANES) {
    total += (sums[i] + sums[i + LANES]) + (sums[i + 2u * LANES] + sums[i + 3u * LANES]);
  }
  for (; i < end; i += LANES) {
    total += sums[i];
  }
  lane_sums[lane] = total;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      lane_sums[lane] += lane_sums[lane + half];
    }
  }
  workgroupBarrier();
  let norms = sqrt(lane_sums[0]);
  let moves = norms.x > 0.0 && norms.y > 0.0;
  let ratio = min(norms.x, 10.0) / (norms.y + scalars.eps);
  for (var slot = starts[tensor] + lane; slot < end; slot += LANES) {
    ratios[slot] = select(scalars.zero_ratio, ratio, moves);
  }
}
