// partials[gain_at + b * D + c] = sum over the rows r of block b of dy[r, c] * (z[r, c] -
// mean[r]) * rstd[r], partials[bias_at + ...] = the sum of dy[r, c]: the first level of the
// gradients of gain and bias. dy, z: [R, D], stats: [R, 2] = (mean, rstd). One lane per item of a
// row and block; rows in order, the same sum in every run.
alias Value = f32;
struct Scalars { rows: u32, columns: u32, block: u32, gain_at: u32, bias_at: u32 }
@group(0) @binding(0) var<storage, read> dy: array<Item>;
@group(0) @binding(1) var<storage, read> z: array<Item>;
@group(0) @binding(2) var<storage, read> stats: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> partials: array<Numbers>;
@group(0) @binding(4) var<uniform> scalars: Scalars;

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let columns = scalars.columns;
  let c = group.x * 32u + lane;
  if (c >= columns) {
    return;
  }
  var gain_sum = Numbers();
  var bias_sum = Numbers();
  let end = min(scalars.rows, (group.y + 1u) * scalars.block);
  var row = group.y * scalars.block;
  for (; row + 1u < end; row += 2u) { // the loads of two rows under way at a time
    let i = row * columns + c;
    let d0 = Numbers(dy[i]);
    let d1 = Numbers(dy[i + columns]);
    let z0 = Numbers(z[i]);
    let z1 = Numbers(z[i + columns]);
    gain_sum += d0 * ((z0 - stats[row].x) * stats[row].y) +
      d1 * ((z1 - stats[row + 1u].x) * stats[row + 1u].y);
    bias_sum += d0 + d1;
  }
  if (row < end) {
    let d = Numbers(dy[row * columns + c]);
    gain_sum += d * ((Numbers(z[row * columns + c]) - stats[row].x) * stats[row].y);
    bias_sum += d;
  }
  let at = group.y * columns + c;
  partials[scalars.gain_at + at] = gain_sum;
  partials[scalars.bias_at + at] = bias_sum;
}
