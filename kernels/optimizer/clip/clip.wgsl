// norm = sqrt(sum of `count` partial sums) / loss scale.
// control = {c, applied}: c = clip / (norm + 1e-6) where that is below 1, else 1, divided by the
// loss scale, and applied = 1; {0, 0} when the sum is infinite or not a number. The test looks at
// the bits: compilers may assume that comparisons never meet such values.
// One workgroup: every lane adds every 256th partial sum, then a tree.
struct Scalars { count: u32, clip: f32 }
@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> control: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;
@group(0) @binding(3) var<storage, read_write> applied: array<f32>;
@group(0) @binding(4) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(5) var<uniform> scalars: Scalars;
var<workgroup> lane_sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  let turns = scalars.count / 1024u;
  var i = lane;
  var total = vec4<f32>();
  for (var turn = 0u; turn < turns; turn++) {
    total += vec4(sums[i], sums[i + 256u], sums[i + 512u], sums[i + 768u]);
    i += 1024u;
  }
  for (; i < scalars.count; i += 256u) {
    total.x += sums[i];
  }
  lane_sums[lane] = (total.x + total.y) + (total.z + total.w);
  for (var half = 128u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      lane_sums[lane] += lane_sums[lane + half];
    }
  }
  if (lane == 0u) {
    let sum = lane_sums[0];
    let scale = loss_scale[0];
    let length = sqrt(sum) / scale;
    let finite = (bitcast<u32>(sum) & 0x7f800000u) != 0x7f800000u;
    norm[0] = length;
    applied[0] = select(0.0, 1.0, finite);
    control[1] = select(0.0, 1.0, finite);
    control[0] = 0.0;
    if (finite) {
      let above = length + 1e-6 > scalars.clip;
      control[0] = select(1.0, scalars.clip / (length + 1e-6), above) / scale;
    }
  }
}
