// dz = rstd * (g - mean_c(g) - xhat * mean_c(g * xhat)), with g = dy * gain and
// xhat = (z - mean) * rstd.  dy, z, dz: [R, D], gain: [D], stats: [R, 2] = (mean, rstd).
// LANES lanes per row, lane l takes the columns l, l + LANES, ... in two passes; ROWS rows per
// workgroup.
alias Value = f32;
struct Scalars { rows: u32, columns: u32 }
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read> z: array<Value>;
@group(0) @binding(2) var<storage, read> gain: array<Value>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> dz: array<Value>;
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
  var end = first;
  var mean = 0.0;
  var rstd = 0.0;
  if (row < scalars.rows) { // rows past the end take part in the barriers only
    end = (row + 1u) * columns;
    mean = stats[2u * row];
    rstd = stats[2u * row + 1u];
  }
  var sum = 0.0;
  var product = 0.0;
  var c = lane % LANES;
  for (var i = first; i < end; i += LANES) {
    let g = f32(dy[i]) * f32(gain[c]);
    sum += g;
    product += g * ((f32(z[i]) - mean) * rstd);
    c += LANES;
  }
  let mean_g = row_sum(sum, lane) / f32(columns);
  let mean_product = row_sum(product, lane) / f32(columns);
  c = lane % LANES;
  for (var i = first; i < end; i += LANES) {
    let xhat = (f32(z[i]) - mean) * rstd;
    let g = f32(dy[i]) * f32(gain[c]);
    dz[i] = Value(rstd * (g - mean_g - xhat * mean_product));
    c += LANES;
  }
}
