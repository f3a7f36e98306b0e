// ds[b, n, i, j] = scale * p * (ds - delta), in place, 0 where hidden, and with positions the same
// numbers by distance, dx: [N, Q, B, K]. p, ds: [B, N, Q, K]; ds holds the cotangent of p on entry.
// delta[b, n, i] = sum_j p * dp = sum_h d_out[i, b, n, h] * out[i, b, n, h], which also holds with
// dropout on p, and is shorter. out, d_out: [Q, B, N, H].
//
// LANES lanes share a row, ROWS rows share a workgroup; delta is summed in a fixed tree.
override LANES: u32;
override ROWS: u32;
alias Value = f32;
struct Scalars {
  rows: u32, B: u32, N: u32, Q: u32, K: u32, H: u32, M: u32,
  validMemory: u32, maxDistance: u32, scale: f32,
}

var<workgroup> sums: array<f32, LANES * ROWS>;

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let row = (group.y * groups.x + group.x) * ROWS + local.y;
  let lane = local.x;
  let live = row < scalars.rows;
  let i = row % scalars.Q;
  let n = (row / scalars.Q) % scalars.N;
  let b = row / (scalars.Q * scalars.N);

  var sum = 0.0;
  let o0 = ((i * scalars.B + b) * scalars.N + n) * scalars.H;
  let width = select(0u, scalars.H, live);
  for (var h = lane; h < width; h += LANES) {
    sum += f32(d_out[o0 + h]) * f32(out[o0 + h]);
  }
  let at = local.y * LANES + lane;
  sums[at] = sum;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      sums[at] += sums[at + stride];
    }
    workgroupBarrier();
  }
  if (!live) {
    return;
  }
  let delta = sums[local.y * LANES];

  let p0 = row * scalars.K;
  let x0 = ((n * scalars.Q + i) * scalars.B + b) * scalars.K;
  let last = i + scalars.M;
  let shift = scalars.K - 1u - last;
  let oldest = scalars.M - min(scalars.M, scalars.validMemory);
  let begin = max(oldest, last - min(last, scalars.maxDistance));
  for (var j = begin + lane; j <= last; j += LANES) {
    let value = Value(scalars.scale * f32(p[p0 + j]) * (f32(ds[p0 + j]) - delta));
    store(p0 + j, x0 + shift + j, value);
  }
  for (var j = lane; j < begin; j += LANES) {
    ds[p0 + j] = Value(0.0);
  }
  for (var j = last + 1u + lane; j < scalars.K; j += LANES) {
    ds[p0 + j] = Value(0.0);
  }
  clear_front(x0, begin + shift, lane);
}
