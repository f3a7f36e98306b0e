// dz = rstd * (g - mean_c(g) - xhat * mean_c(g * xhat)), with g = dy * gain and xhat = (z - mean)
// * rstd. dy, z, dz: [R, D], gain: [D], stats: [R, 2] = (mean, rstd). Two passes; row_items.wgsl
// says which lane takes what. The uniform block, first_row, which is that of dy, z and stats, and
// store_dz, which writes dz from row 0 on, come from the output/*.wgsl before this text.
alias Value = f32;
@group(0) @binding(0) var<storage, read> dy: array<Item>;
@group(0) @binding(1) var<storage, read> z: array<Item>;
@group(0) @binding(2) var<storage, read> gain: array<Item>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> dz: array<Item>;
@group(0) @binding(5) var<uniform> scalars: Scalars;

@compute @workgroup_size(LANES * ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * ROWS + lane / LANES;
  let first = first_item(lane);
  let z_row = first_row() + row;
  let start = z_row * scalars.columns;
  var columns = 0u;
  var mean = 0.0;
  var rstd = 0.0;
  if (row < scalars.rows) { // rows past the end take part in the barriers only
    columns = scalars.columns;
    mean = stats[2u * z_row];
    rstd = stats[2u * z_row + 1u];
  }
  let count = f32(scalars.columns * WIDTH);
  var sum = 0.0;
  var product = 0.0;
  for (var c = first; c < columns; c = next_item(c)) {
    let g = Numbers(dy[start + c]) * Numbers(gain[c]);
    sum += total(g);
    product += total(g * ((Numbers(z[start + c]) - mean) * rstd));
  }
  let mean_g = row_sum(sum, lane) / count;
  let mean_product = row_sum(product, lane) / count;
  for (var c = first; c < columns; c = next_item(c)) {
    let xhat = (Numbers(z[start + c]) - mean) * rstd;
    let g = Numbers(dy[start + c]) * Numbers(gain[c]);
    store_dz(row * scalars.columns + c, row, c, rstd * (g - mean_g - xhat * mean_product));
  }
}
