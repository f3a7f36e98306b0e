// sums[to + c] += sum over b < blocks of partials[from + b * pitch + c], c < columns, for many
// matrices in one launch. Workgroup w sums 32 columns of one of them:
// table[5 w ...] = (from, pitch, blocks, to, columns).
// LANES lanes share a column; their sums are added as a tree: the same in every run.
override LANES: u32;
alias Sum = f32;
@group(0) @binding(0) var<storage, read> table: array<u32>;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<Sum>;

var<workgroup> lane_sums: array<f32, 32 * LANES>;

@compute @workgroup_size(32, LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let entry = 5u * group.x;
  let pitch = table[entry + 1u];
  let column = local.x;
  let live = column < table[entry + 4u];
  let blocks = select(0u, table[entry + 2u], live);
  let first = table[entry] + column;
  var sum = 0.0;
  var b = local.y;
  for (; b + 3u * LANES < blocks; b += 4u * LANES) { // four loads under way at a time
    let i = first + b * pitch;
    let next = LANES * pitch;
    sum += (partials[i] + partials[i + next]) + (partials[i + 2u * next] + partials[i + 3u * next]);
  }
  for (; b < blocks; b += LANES) {
    sum += partials[first + b * pitch];
  }
  let at = 32u * local.y + column;
  if (LANES > 1u) {
    lane_sums[at] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
      if (local.y < half) {
        lane_sums[at] += lane_sums[at + 32u * half];
      }
      workgroupBarrier();
    }
    sum = lane_sums[column];
  }
  if (live && local.y == 0u) {
    let to = table[entry + 3u] + column;
    sums[to] = Sum(f32(sums[to]) + sum);
  }
}
