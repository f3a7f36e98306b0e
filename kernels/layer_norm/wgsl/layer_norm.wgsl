// y = gain * (z - mean) * rstd + bias, per row; stats[r] = (mean, rstd).
// mean = sum_c z / D, rstd = 1 / sqrt(sum_c (z - mean)^2 / D + eps): two passes, because the
// difference of mean squares cancels. z, y: [R, D], gain, bias: [D], stats: [R, 2].
// row_items.wgsl says which lane takes what; it reads back only what it wrote itself. first_z and
// z_again come from texts before this one, as does the uniform block.
@group(0) @binding(5) var<uniform> scalars: Scalars;

@compute @workgroup_size(LANES * ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * ROWS + lane / LANES;
  let first = first_item(lane);
  let start = row * scalars.columns;
  // Rows past the end take part in the barriers only.
  let columns = select(0u, scalars.columns, row < scalars.rows);
  let count = f32(scalars.columns * WIDTH);
  var sum = 0.0;
  for (var c = first; c < columns; c = next_item(c)) {
    sum += total(first_z(start + c, row, c));
  }
  let mean = row_sum(sum, lane) / count;
  var squares = 0.0;
  for (var c = first; c < columns; c = next_item(c)) {
    let centred = z_again(start + c) - mean;
    squares += total(centred * centred);
  }
  let rstd = 1.0 / sqrt(row_sum(squares, lane) / count + scalars.eps);
  for (var c = first; c < columns; c = next_item(c)) {
    let xhat = (z_again(start + c) - mean) * rstd;
    y[start + c] = Item(Numbers(gain[c]) * xhat + Numbers(bias[c]));
  }
  if (columns > 0u && lane % LANES == 0u) {
    stats[2u * row] = mean;
    stats[2u * row + 1u] = rstd;
  }
}
