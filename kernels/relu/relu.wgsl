// y = max(0, x), elementwise.
alias Value = f32;
struct Scalars { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> y: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    y[i] = Value(max(0.0, f32(x[i])));
  }
}
