// Direction of Muon before it is orthogonalised, one chunk of a matrix per workgroup:
//   momentum = decay * momentum + g,  direction = g + decay * momentum,  g = c * gradient,
//   sums[row] = sum of direction^2 over the chunk.
// chunks: rows of {offset in the weights, length, offset in the momentum, offset in the batch}; a
// launch covers `count` rows from `first`.
// control = {c, applied}: nothing is touched when applied is 0.
alias Gradient = f32;
struct Scalars { first: u32, count: u32, decay: f32 }
@group(0) @binding(0) var<storage, read> chunks: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> control: array<f32>;
@group(0) @binding(2) var<storage, read> gradients: array<Gradient>;
@group(0) @binding(3) var<storage, read_write> momentum: array<f32>;
@group(0) @binding(4) var<storage, read_write> direction: array<f32>;
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;
@group(0) @binding(6) var<uniform> scalars: Scalars;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= scalars.count || control[1] == 0.0) {
    return;
  }
  let c = control[0];
  let chunk = chunks[scalars.first + row];
  var squares = 0.0;
  for (var i = lane; i < chunk.y; i += LANES) {
    let g = c * f32(gradients[chunk.x + i]);
    let moved = scalars.decay * momentum[chunk.z + i] + g;
    let d = g + scalars.decay * moved;
    momentum[chunk.z + i] = moved;
    direction[chunk.w + i] = d;
    squares += d * d;
  }
  let sum = lane_sum(lane, squares);
  if (lane == 0u) {
    sums[scalars.first + row] = sum;
  }
}
