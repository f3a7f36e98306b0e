// p = p - rate * g
struct Scalars { first: u32, count: u32, rate: f32 }

fn stepped(at: vec4<u32>, p: vec4<f32>, g: vec4<f32>) -> vec4<f32> {
  return p - scalars.rate * g;
}

