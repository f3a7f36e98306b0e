// y[i, c] = factor * x[rows[i], c] for i < count.  x: [R, C], y: [capacity, C], rows: [capacity].
// listed_rows.wgsl after this text visits the elements.
alias Value = f32;
struct Scalars { count: u32, columns: u32, factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

fn element(y_row: u32, x_row: u32, c: u32) {
  if (c < scalars.columns) {
    y[y_row + c] = Value(scalars.factor * f32(x[x_row + c]));
  }
}

