// y = gain * (z - mean) * rstd + bias, per row; stats[r] = (mean, rstd).
// mean = sum_c z / D, rstd = 1 / sqrt(sum_c (z - mean)^2 / D + eps): two passes, because the
// difference of mean squares cancels. z, y: [R, D], gain, bias: [D], stats: [R, 2].
// LANES lanes per row, lane l takes the columns l, l + LANES, ... and reads back only what it wrote
// itself; ROWS rows per workgroup. first_z and z_again come from the input_*.wgsl before this text.
struct Scalars { rows: u32, columns: u32, eps: f32 }
@group(0) @binding(5) var<uniform> scalars: Scalars;

@compute @workgroup_size(LANES * ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * ROWS + lane / LANES;
  let columns = scalars.columns;
  let first = row * columns + lane % LANES;
  // Rows past the end take part in the barriers only.
  let end = select(first, (row + 1u) * columns, row < scalars.rows);
  var sum = 0.0;
  for (var i = first; i < end; i += LANES) {
    sum += first_z(i);
  }
  let mean = row_sum(sum, lane) / f32(columns);
  var squares = 0.0;
  for (var i = first; i < end; i += LANES) {
    let centred = z_again(i) - mean;
    squares += centred * centred;
  }
  let rstd = 1.0 / sqrt(row_sum(squares, lane) / f32(columns) + scalars.eps);
  var c = lane % LANES;
  for (var i = first; i < end; i += LANES) {
    y[i] = Value(f32(gain[c]) * ((z_again(i) - mean) * rstd) + f32(bias[c]));
    c += LANES;
  }
  if (first < end && lane % LANES == 0u) {
    stats[2u * row] = mean;
    stats[2u * row + 1u] = rstd;
  }
}
