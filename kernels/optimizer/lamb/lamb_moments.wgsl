// First half of LAMB, one chunk per workgroup (rows of `chunks` as in square_sums.wgsl):
//   g = c * gradient,  m = beta1 m + gain1 g,  v = beta2 v + gain2 g^2,
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
    // Every load stands before the stores, which a compiler must not move them across.
    let j = i + LANES;
    let k = j + LANES;
    let l = k + LANES;
    let g = c * vec4<f32>(vec4(gradients[i], gradients[j], gradients[k], gradients[l]));
    let p = vec4(weights[i], weights[j], weights[k], weights[l]);
    let m1 = s.beta1 * vec4(m[i], m[j], m[k], m[l]) + s.gain1 * g;
    let v1 = s.beta2 * vec4(v[i], v[j], v[k], v[l]) + s.gain2 * g * g;
    let u = m1 / (sqrt(v1) + s.eps) + s.decay * p;
    m[i] = m1.x;
    m[j] = m1.y;
    m[k] = m1.z;
    m[l] = m1.w;
    v[i] = v1.x;
    v[j] = v1.y;
    v[k] = v1.z;
    v[l] = v1.w;
    pp += p * p;
    uu += u * u;
    i += 4u * LANES;
  }
  for (let end = chunk.x + chunk.y; i < end; i += LANES) {
    let g = c * f32(gradients[i]);
    let p = weights[i];
    let m1 = s.beta1 * m[i] + s.gain1 * g;
    let v1 = s.beta2 * v[i] + s.gain2 * g * g;
    let u = m1 / (sqrt(v1) + s.eps) + s.decay * p;
    m[i] = m1;
    v[i] = v1;
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
