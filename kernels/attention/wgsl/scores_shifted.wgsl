// Scores by key plus scores by position, read shifted.
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> p: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn score_at(key: u32, position: u32) -> f32 {
  return f32(p[key]) + f32(x[position]);
}

