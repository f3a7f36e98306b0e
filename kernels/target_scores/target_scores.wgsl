// y[r, 0] = values[r, t] and y[r, 1] = 1 + #{v : values[r, v] > values[r, t]}, t = targets[r];
// both are 0 where t is excluded. values: [R, columns], targets: [R], y: [R, 2].
//
// One workgroup per row. A lane counts in every LANES-th column, then lanes add up their counts.
override LANES: u32;

alias Value = f32;
struct Scalars { columns: u32 }
@group(0) @binding(0) var<storage, read> values: array<Value>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

const IGNORED = 0xffffffffu;
var<workgroup> counts: array<u32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x;
  let begin = row * scalars.columns;
  let goal = targets[row];
  let used = goal != IGNORED;
  let value = f32(values[begin + select(0u, goal, used)]);
  var count = 0u;
  for (var v = lane; v < scalars.columns; v += LANES) {
    count += select(0u, 1u, f32(values[begin + v]) > value);
  }
  counts[lane] = count;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { counts[lane] += counts[lane + stride]; }
    workgroupBarrier();
  }
  if (lane == 0u) {
    y[2u * row] = select(0.0, value, used);
    y[2u * row + 1u] = select(0.0, f32(1u + counts[0]), used);
  }
}
