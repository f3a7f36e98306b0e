// Adam on the rows of tables that have a gradient; the others keep weights and moments:
//   m = beta1 m + gain1 g,  v = beta2 v + gain2 g^2,  g = c * gradient,
//   p = p - rate sqrt(correction2) / correction1 * m / (sqrt(v) + eps).
// One chunk per workgroup: rows of `chunks` are {offset, length, offset among the tables, slot}, so
// the third, divided by the width, is the row of the table in `touched` (touched_rows.wgsl).
// store_weight comes from the store_weight*.wgsl before this text.
// control = {c, applied}: nothing is touched when applied is 0.
override LANES: u32;
alias Gradient = f32;
struct Scalars {
  first: u32, count: u32, width: u32, rate: f32, correction1: f32, correction2: f32,
  beta1: f32, gain1: f32, beta2: f32, gain2: f32, eps: f32,
}
@group(0) @binding(0) var<storage, read> chunks: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> control: array<f32>;
@group(0) @binding(2) var<storage, read> gradients: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;
@group(0) @binding(6) var<uniform> scalars: Scalars;
@group(0) @binding(8) var<storage, read> touched: array<u32>;

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
  let rate = s.rate * sqrt(s.correction2) / s.correction1;
  let chunk = chunks[s.first + row];
  for (var k = lane; k < chunk.y; k += LANES) {
    if (touched[(chunk.z + k) / s.width] != 0u) {
      let i = chunk.x + k;
      let g = c * f32(gradients[i]);
      let m1 = s.beta1 * m[i] + s.gain1 * g;
      let v1 = s.beta2 * v[i] + s.gain2 * g * g;
      m[i] = m1;
      v[i] = v1;
      store_weight(i, weights[i] - rate * (m1 / (sqrt(v1) + s.eps)));
    }
  }
}
