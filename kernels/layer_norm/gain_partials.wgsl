// dgain[b, c] = sum over the rows r of block b of dy[r, c] * (z[r, c] - mean[r]) * rstd[r],
// dbias[b, c] = the sum of dy[r, c]: the first level of the gradients of gain and bias.
// dy, z: [R, D], stats: [R, 2] = (mean, rstd), dgain, dbias: [ceil(R / block), D].
// One lane per four columns (32 apart) and block, so that a row's statistics are loaded once for
// four columns; rows in order, the same sum in every run.
alias Value = f32;
struct Scalars { rows: u32, columns: u32, block: u32 }
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read> z: array<Value>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read_write> dgain: array<f32>;
@group(0) @binding(4) var<storage, read_write> dbias: array<f32>;
@group(0) @binding(5) var<uniform> scalars: Scalars;

fn store(at: u32, column: u32, gain_sum: f32, bias_sum: f32) {
  if (column < scalars.columns) {
    dgain[at + column] = gain_sum;
    dbias[at + column] = bias_sum;
  }
}

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let columns = scalars.columns;
  let c = group.x * 128u + lane;
  if (c >= columns) {
    return;
  }
  // Columns past the end repeat the last one and are not stored.
  let c1 = min(c + 32u, columns - 1u);
  let c2 = min(c + 64u, columns - 1u);
  let c3 = min(c + 96u, columns - 1u);
  var gain_sums = vec4<f32>();
  var bias_sums = vec4<f32>();
  let end = min(scalars.rows, (group.y + 1u) * scalars.block);
  for (var row = group.y * scalars.block; row < end; row++) {
    let start = row * columns;
    let d = vec4<f32>(vec4(dy[start + c], dy[start + c1], dy[start + c2], dy[start + c3]));
    let v = vec4<f32>(vec4(z[start + c], z[start + c1], z[start + c2], z[start + c3]));
    gain_sums += d * ((v - stats[2u * row]) * stats[2u * row + 1u]);
    bias_sums += d;
  }
  let at = group.y * columns;
  store(at, c, gain_sums.x, bias_sums.x);
  store(at, c + 32u, gain_sums.y, bias_sums.y);
  store(at, c + 64u, gain_sums.z, bias_sums.z);
  store(at, c + 96u, gain_sums.w, bias_sums.w);
}
