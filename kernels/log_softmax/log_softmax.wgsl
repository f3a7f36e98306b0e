// y[r, at + v] = x_v - log(sum_u exp(x_u)) + shift[r, shift_column]  for v < count,
// with x_v = logits[r, first + v] and the sum over the `columns` of row r.
// logits: [R, stride], y: [R, y_stride], shift: [R, shift_stride].
//
// One workgroup per row. A lane takes every LANES-th column and keeps a running maximum and the sum
// of exponentials relative to it; softmax_lanes.wgsl before this text combines the lanes. A second
// walk writes y.
override LANES: u32;
alias Value = f32;
alias Result = f32;

struct Scalars {
  columns: u32,
  stride: u32,
  first: u32,
  count: u32,
  at: u32,
  y_stride: u32,
  shift_stride: u32,
  shift_column: u32,
}
@group(0) @binding(0) var<storage, read> logits: array<Value>;
@group(0) @binding(1) var<storage, read> shift: array<Result>;
@group(0) @binding(2) var<storage, read_write> y: array<Result>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x;
  let begin = row * scalars.stride;
  let end = begin + scalars.columns;
  var largest = -1e30;
  var sum = 0.0;
  for (var at = begin + lane; at < end; at += LANES) {
    let x = f32(logits[at]);
    let before = largest;
    largest = max(largest, x);
    sum = sum * exact_exp(before - largest) + exact_exp(x - largest);
  }
  combine_lanes(lane, largest, sum);
  let level = log(sums[0]) - f32(shift[row * scalars.shift_stride + scalars.shift_column]);
  let source = begin + scalars.first;
  let goal = row * scalars.y_stride + scalars.at;
  for (var v = lane; v < scalars.count; v += LANES) {
    y[goal + v] = Result((f32(logits[source + v]) - maxima[0]) - level);
  }
}
