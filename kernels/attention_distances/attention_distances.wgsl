// y[row, 0] = sum over j of p[row, j] * (i + M - j), the mean distance of the keys of query i, and
// y[row, 1] = sum over j < M of p[row, j], their share in the memory.
// p: [B, N, Q, K], 0 where a key is hidden; row = (b * N + n) * Q + i; y: [B, N, Q, 2].
//
// LANES lanes share a row, ROWS rows share a workgroup; both sums are taken in a fixed tree.
override LANES: u32;
override ROWS: u32;
alias Value = f32;
struct Scalars { rows: u32, Q: u32, K: u32, M: u32 }
@group(0) @binding(0) var<storage, read> p: array<Value>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

var<workgroup> sums: array<vec2<f32>, LANES * ROWS>;

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let row = (group.y * groups.x + group.x) * ROWS + local.y;
  let lane = local.x;
  let live = row < scalars.rows;
  let newest = row % scalars.Q + scalars.M;
  let p0 = row * scalars.K;
  let end = select(0u, newest + 1u, live);

  var sum = vec2(0.0);
  for (var j = lane; j < end; j += LANES) {
    let weight = f32(p[p0 + j]);
    sum += vec2(weight * f32(newest - j), select(0.0, weight, j < scalars.M));
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
  if (lane == 0u && live) {
    y[2u * row] = sums[at].x;
    y[2u * row + 1u] = sums[at].y;
  }
}
