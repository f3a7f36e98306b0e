// Adam with both decays of the weights, that of an L2 penalty and the decoupled one:
//   g = g + decay p,  m = beta1 m + gain1 g,  v = beta2 v + gain2 g^2,
//   p = keep p - (rate / correction1) m / (sqrt(v) / sqrt(correction2) + eps).
// The corrections 1 - beta^t undo the zero start of the moments; the host computes them, because
// 1 - beta2^t loses digits in float32. keep is 1 without decoupled decay.
struct Scalars {
  first: u32, count: u32, rate: f32, keep: f32, correction1: f32, correction2: f32,
  beta1: f32, gain1: f32, beta2: f32, gain2: f32, eps: f32, decay: f32,
}
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;

fn stepped(at: vec4<u32>, p: vec4<f32>, gradient: vec4<f32>) -> vec4<f32> {
  let s = scalars;
  let g = gradient + s.decay * p;
  let m1 = s.beta1 * vec4(m[at.x], m[at.y], m[at.z], m[at.w]) + s.gain1 * g;
  let v1 = s.beta2 * vec4(v[at.x], v[at.y], v[at.z], v[at.w]) + s.gain2 * g * g;
  m[at.x] = m1.x;
  m[at.y] = m1.y;
  m[at.z] = m1.z;
  m[at.w] = m1.w;
  v[at.x] = v1.x;
  v[at.y] = v1.y;
  v[at.z] = v1.z;
  v[at.w] = v1.w;
  return s.keep * p - (s.rate / s.correction1) * (m1 / (sqrt(v1) / sqrt(s.correction2) + s.eps));
}

