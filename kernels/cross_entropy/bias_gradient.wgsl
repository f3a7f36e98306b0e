// dbias[c] += sum_r dlogits[r, first + c]. dlogits: [chunk, stride], dbias: [columns]. LANES
// lanes per column, lane l with rows l, l + LANES, ... in four interleaved sums; the lanes are
// added as a tree, so that the order is fixed.
override LANES: u32;
alias Value = f32;
struct Scalars { rows: u32, columns: u32, stride: u32, first: u32 }
@group(0) @binding(0) var<storage, read> dlogits: array<Value>;
@group(0) @binding(1) var<storage, read_write> dbias: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

var<workgroup> lane_sums: array<f32, 32 * LANES>;

@compute @workgroup_size(32, LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let column = group.x * 32u + local.x;
  let live = column < scalars.columns;
  let stride = scalars.stride;
  let next = LANES * stride;
  let first = scalars.first + column;
  let end = first + select(0u, scalars.rows, live) * stride;
  var s0 = 0.0;
  var s1 = 0.0;
  var s2 = 0.0;
  var s3 = 0.0;
  var at = first + local.y * stride;
  for (; at + 3u * next < end; at += 4u * next) {
    s0 += f32(dlogits[at]);
    s1 += f32(dlogits[at + next]);
    s2 += f32(dlogits[at + 2u * next]);
    s3 += f32(dlogits[at + 3u * next]);
  }
  for (; at < end; at += next) {
    s0 += f32(dlogits[at]);
  }
  var sum = (s0 + s1) + (s2 + s3);
  if (LANES > 1u) {
    let own = 32u * local.y + local.x;
    lane_sums[own] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
      if (local.y < half) {
        lane_sums[own] += lane_sums[own + 32u * half];
      }
      workgroupBarrier();
    }
    sum = lane_sums[local.x];
  }
  if (live && local.y == 0u) {
    dbias[column] = Value(f32(dbias[column]) + sum);
  }
}
