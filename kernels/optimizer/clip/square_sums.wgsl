// sums[slot] = sum of g^2 over one chunk of the flat gradients.
// chunks: rows of {offset, length, offset in a state, slot}; a launch covers `count` rows from
// `first`.
// One workgroup per chunk. Every lane adds four columns of a turn of 4 * LANES elements, then
// lane_sum.wgsl, before this text, adds the lanes: partial sums stay short, so that 1e8 elements
// keep six digits.
alias Gradient = f32;
struct Scalars { first: u32, count: u32 }
@group(0) @binding(0) var<storage, read> chunks: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> gradients: array<Gradient>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= scalars.count) {
    return;
  }
  let chunk = chunks[scalars.first + row];
  let turns = chunk.y / (4u * LANES);
  var i = chunk.x + lane;
  var squares = vec4<f32>();
  for (var turn = 0u; turn < turns; turn++) {
    let g = vec4<f32>(vec4(
      gradients[i],
      gradients[i + LANES],
      gradients[i + 2u * LANES],
      gradients[i + 3u * LANES],
    ));
    squares += g * g;
    i += 4u * LANES;
  }
  for (let end = chunk.x + chunk.y; i < end; i += LANES) {
    squares.x += f32(gradients[i]) * f32(gradients[i]);
  }
  let sum = lane_sum(lane, (squares.x + squares.y) + (squares.z + squares.w));
  if (lane == 0u) {
    sums[chunk.w] = sum;
  }
}
