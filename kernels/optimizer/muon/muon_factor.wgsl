// factors[n] = 1 / (||direction of matrix n|| + eps).
// chunks as in muon_direction.wgsl: those of matrix n start in the batch between n * size and
// (n + 1) * size. One workgroup per matrix adds their sums in the order of the rows.
struct Scalars { count: u32, matrices: u32, size: u32, eps: f32 }
@group(0) @binding(0) var<storage, read> chunks: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let matrix = group.x + group.y * groups.x;
  if (matrix >= scalars.matrices) {
    return;
  }
  var squares = 0.0;
  for (var row = lane; row < scalars.count; row += LANES) {
    squares += select(0.0, sums[row], chunks[row].w / scalars.size == matrix);
  }
  let sum = lane_sum(lane, squares);
  if (lane == 0u) {
    factors[matrix] = 1.0 / (sqrt(sum) + scalars.eps);
  }
}
