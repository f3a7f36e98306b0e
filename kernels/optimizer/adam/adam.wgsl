// Adam with both decays of the weights, that of an L2 penalty and the decoupled one:
//   g = gradient + decay p,  m and v as in moments.wgsl,
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
  let now = moved_moments(at, g);
  let direction = now.m / (sqrt(now.v) / sqrt(s.correction2) + s.eps);
  return s.keep * p - (s.rate / s.correction1) * direction;
}

