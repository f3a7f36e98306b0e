// g = gradient + decay * p,  sum = sum + g^2,  p = p - rate * g / (sqrt(sum) + eps)
struct Scalars { first: u32, count: u32, rate: f32, eps: f32, decay: f32 }
@group(0) @binding(3) var<storage, read_write> sum: array<f32>;

fn stepped(at: vec4<u32>, p: vec4<f32>, gradient: vec4<f32>) -> vec4<f32> {
  let g = gradient + scalars.decay * p;
  let new_sum = vec4(sum[at.x], sum[at.y], sum[at.z], sum[at.w]) + g * g;
  sum[at.x] = new_sum.x;
  sum[at.y] = new_sum.y;
  sum[at.z] = new_sum.z;
  sum[at.w] = new_sum.w;
  return p - scalars.rate * (g / (sqrt(new_sum) + scalars.eps));
}

