// y[rows[i], c] (+)= factor * x[i, c] for i < count.
// x: [capacity, C], y: [R, C], rows: [capacity].
// The rows are distinct, so no two lanes write one element.
// ceil(C / 8) neighbouring lanes per row, so that a row number is loaded once for eight columns; a
// lane takes the columns l, l + lanes, ...
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

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let columns = scalars.columns;
  let lanes = (columns + 7u) / 8u;
  let id = (group.y * groups.x + group.x) * 64u + lane;
  let i = id / lanes;
  if (i >= scalars.count) {
    return;
  }
  let c = id % lanes;
  let x_row = i * columns;
  let y_row = rows[i] * columns;
  element(x_row, y_row, c);
  element(x_row, y_row, c + lanes);
  element(x_row, y_row, c + 2u * lanes);
  element(x_row, y_row, c + 3u * lanes);
  element(x_row, y_row, c + 4u * lanes);
  element(x_row, y_row, c + 5u * lanes);
  element(x_row, y_row, c + 6u * lanes);
  element(x_row, y_row, c + 7u * lanes);
}
