// Scores by key alone.
@group(0) @binding(0) var<storage, read_write> p: array<Value>;
@group(0) @binding(1) var<uniform> scalars: Scalars;

fn score_at(key: u32, _position: u32) -> f32 {
  return f32(p[key]);
}

