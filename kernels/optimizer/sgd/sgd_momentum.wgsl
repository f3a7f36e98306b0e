// velocity = momentum * velocity + g + decay * p,  p = p - rate * velocity
struct Scalars { first: u32, count: u32, rate: f32, momentum: f32, decay: f32 }
@group(0) @binding(3) var<storage, read_write> velocity: array<f32>;

fn stepped(at: vec4<u32>, p: vec4<f32>, g: vec4<f32>) -> vec4<f32> {
  let old = vec4(velocity[at.x], velocity[at.y], velocity[at.z], velocity[at.w]);
  let new_velocity = scalars.momentum * old + (g + scalars.decay * p);
  velocity[at.x] = new_velocity.x;
  velocity[at.y] = new_velocity.y;
  velocity[at.z] = new_velocity.z;
  velocity[at.w] = new_velocity.w;
  return p - scalars.rate * new_velocity;
}

