// Adam with L2 decay in the gradient, one chunk per workgroup (rows of `chunks` as in
// square_sums.wgsl):
//   g = c * gradient + decay p,  m = beta1 m + gain1 g,  v = beta2 v + gain2 g^2,
//   p = p - (rate / correction1) m / (sqrt(v) / sqrt(correction2) + eps).
// The corrections 1 - beta^t undo the zero start of the moments; the host computes them, because
// 1 - beta2^t loses digits in float32.
// store_weight comes from the store_weight*.wgsl before this text.
// control = {c, applied}: nothing is touched when applied is 0.
override LANES: u32;
alias Gradient = f32;
struct Scalars {
  first: u32, count: u32, rate: f32, correction1: f32, correction2: f32,
  beta1: f32, gain1: f32, beta2: f32, gain2: f32, eps: f32, decay: f32,
}
@group(0) @binding(0) var<storage, read> chunks: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> control: array<f32>;
@group(0) @binding(2) var<storage, read> gradients: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;
@group(0) @binding(6) var<uniform> scalars: Scalars;

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
  let rate = s.rate / s.correction1;
  let root2 = sqrt(s.correction2);
  let chunk = chunks[s.first + row];
  let turns = chunk.y / (4u * LANES);
  var i = chunk.x + lane;
  for (var turn = 0u; turn < turns; turn++) {
    // Every load stands before the stores, which a compiler must not move them across.
    let j = i + LANES;
    let k = j + LANES;
    let l = k + LANES;
    let p = vec4(weights[i], weights[j], weights[k], weights[l]);
    let gradient = vec4<f32>(vec4(gradients[i], gradients[j], gradients[k], gradients[l]));
    let g = c * gradient + s.decay * p;
    let m1 = s.beta1 * vec4(m[i], m[j], m[k], m[l]) + s.gain1 * g;
    let v1 = s.beta2 * vec4(v[i], v[j], v[k], v[l]) + s.gain2 * g * g;
    let moved = p - rate * (m1 / (sqrt(v1) / root2 + s.eps));
    m[i] = m1.x;
    m[j] = m1.y;
    m[k] = m1.z;
    m[l] = m1.w;
    v[i] = v1.x;
    v[j] = v1.y;
    v[k] = v1.z;
    v[l] = v1.w;
    store_weight(i, moved.x);
    store_weight(j, moved.y);
    store_weight(k, moved.z);
    store_weight(l, moved.w);
    i += 4u * LANES;
  }
  for (let end = chunk.x + chunk.y; i < end; i += LANES) {
    let p = weights[i];
    let g = c * f32(gradients[i]) + s.decay * p;
    let m1 = s.beta1 * m[i] + s.gain1 * g;
    let v1 = s.beta2 * v[i] + s.gain2 * g * g;
    m[i] = m1;
    v[i] = v1;
    store_weight(i, p - rate * (m1 / (sqrt(v1) / root2 + s.eps)));
  }
}
