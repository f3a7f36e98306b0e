// dx = dy * (s + x * s * (1 - s) * 2 * du/dx), elementwise, with s and u as in sigmoid.wgsl.
alias Value = f32;
struct Scalars { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read_write> dx: array<Value>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    let v = clamp(f32(x[i]), -LIMIT, LIMIT);
    let s = gelu_sigmoid(v);
    let slope = 2.0 * C * (1.0 + 3.0 * A * v * v);
    dx[i] = Value(f32(dy[i]) * (s + v * s * (1.0 - s) * slope));
  }
}
