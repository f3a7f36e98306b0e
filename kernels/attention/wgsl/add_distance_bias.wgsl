// x[n, r, p] += scale * bias[p, n]: one number per head and distance. x: [N, R, K], bias: [K, N].
alias Value = f32;
struct Scalars { count: u32, R: u32, N: u32, K: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> bias: array<Value>;
@group(0) @binding(1) var<storage, read_write> x: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    let n = i / (scalars.R * scalars.K);
    let p = i % scalars.K;
    x[i] = Value(f32(x[i]) + scalars.scale * f32(bias[p * scalars.N + n]));
  }
}

