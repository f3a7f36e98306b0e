// y[rows[i], c] (+)= factor * x[i, c] for i < count.
// x: [capacity, C], y: [R, C], rows: [capacity].
// The rows are distinct, so no two lanes write one element.
// listed_rows.wgsl after this text visits the elements.
alias Value = f32;
struct Scalars { count: u32, columns: u32, factor: f32, accumulate: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

fn element(x_row: u32, y_row: u32, c: u32) {
  if (c >= scalars.columns) {
    return;
  }
  var value = scalars.factor * f32(x[x_row + c]);
  if (scalars.accumulate == 1u) {
    value += f32(y[y_row + c]);
  }
  y[y_row + c] = Value(value);
}

