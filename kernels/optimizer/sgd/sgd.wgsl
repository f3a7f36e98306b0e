// p = p - rate * (g + decay * p)
struct Scalars { first: u32, count: u32, rate: f32, decay: f32 }

fn stepped(at: vec4<u32>, p: vec4<f32>, g: vec4<f32>) -> vec4<f32> {
  return p - scalars.rate * (g + scalars.decay * p);
}

