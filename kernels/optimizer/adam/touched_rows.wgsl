// touched[first + r] = 1 where row r of a table has a gradient that is not zero, else 0.
// The rows of `width` elements follow each other in the flat gradients from `offset`. One workgroup
// per row.
override LANES: u32;
alias Gradient = f32;
struct Scalars { offset: u32, width: u32, first: u32, rows: u32 }
@group(0) @binding(0) var<storage, read> gradients: array<Gradient>;
@group(0) @binding(1) var<storage, read_write> touched: array<u32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;
var<workgroup> lane_touched: array<u32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= scalars.rows) {
    return;
  }
  let start = scalars.offset + row * scalars.width;
  var found = 0u;
  for (var k = lane; k < scalars.width; k += LANES) {
    found |= select(0u, 1u, f32(gradients[start + k]) != 0.0);
  }
  lane_touched[lane] = found;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      lane_touched[lane] |= lane_touched[lane + half];
    }
  }
  if (lane == 0u) {
    touched[scalars.first + row] = lane_touched[0];
  }
}
