// y[j, b, c] = x[j, b, c] + p[j, c].  x, y: [J, B, columns], p: [J, columns].
alias Value = f32;
struct Scalars { count: u32, B: u32, columns: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> p: array<Value>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    let row = i / scalars.columns;
    let at = row / scalars.B * scalars.columns + i % scalars.columns;
    y[i] = Value(f32(x[i]) + f32(p[at]));
  }
}

