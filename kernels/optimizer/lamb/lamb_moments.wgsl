// First half of LAMB, one chunk per workgroup (rows of `chunks` as in square_sums.wgsl):
//   g = c * gradient,  m and v as in moments.wgsl,
//   u = m / (sqrt(v) + eps) + decay p,  sums[slot] = {sum of p^2, sum of u^2}.
// Moments are not corrected for their zero start. u is not stored: lamb_apply.wgsl computes it
// again from m, v and p, which costs less than writing and reading it.
// control = {c, applied}: nothing is touched when applied is 0.
override LANES: u32;
alias Gradient = f32;
struct Scalars {
  first: u32, count: u32,
  beta1: f32, gain1: f32, beta2: f32, gain2: f32, eps: f32, decay: f32,
}
@group(0) @binding(0) var<storage, read> chunks: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> control: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> gradients: array<Gradient>;
@group(0) @binding(4) var<storage, read_write> m: array<f32>;
@group(0) @binding(5) var<storage, read_write> v: array<f32>;
@group(0) @binding(6) var<storage, read_write> sums: array<vec2<f32>>;
@group(0) @binding(7) var<uniform> scalars: Scalars;
var<workgroup> lane_sums: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= scalars.count || control[1] == 0.0) {
    return;
  }
  let s = scalars;
  let c = control[0];
  let chunk = chunks[s.first + row];
  let turns = chunk.y / (4u * LANES);
  var i = chunk.x + lane;
  var pp = vec4<f32>();
  var uu = vec4<f32>();
  for (var turn = 0u; turn < turns; turn++) {
    let at = i + vec4(0u, LANES, 2u * LANES, 3u * LANES);
    let p = vec4(weights[at.x], weights[at.y], weights[at.z], weights[at.w]);
    let g = vec4(gradients[at.x], gradients[at.y], gradients[at.z], gradients[at.w]);
    let now = moved_moments(at, c * vec4<f32>(g));
    let u = now.m / (sqrt(now.v) + s.eps) + s.decay * p;
    pp += p * p;
    uu += u * u;
    i += 4u * LANES;
  }
  // The tail has one element for each lane and turn; its four columns are the same element.
  for (let end = chunk.x + chunk.y; i < end; i += LANES) {
    let p = weights[i];
    let now = moved_moments(vec4(i), vec4(c * f32(gradients[i])));
    let u = now.m.x / (sqrt(now.v.x) + s.eps) + s.decay * p;
    pp.x += p * p;
    uu.x += u * u;
  }
  lane_sums[lane] = vec2((pp.x + pp.y) + (pp.z + pp.w), (uu.x + uu.y) + (uu.z + uu.w));
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      lane_sums[lane] += lane_sums[lane + half];
    }
  }
  if (lane == 0u) {
    sums[chunk.w] = lane_sums[0];
  }
}
