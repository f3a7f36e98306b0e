// Update of the weights of one chunk per workgroup (rows of `chunks` as in square_sums.wgsl):
//   p = stepped(at, p, c * gradient)
// for four elements, whose states are at the indices `at`. The optimizer's text before this one
// declares `stepped`, which reads and writes its own states, and
// `struct Scalars { first: u32, count: u32, ... }`.
// store_weight comes from the store_weight*.wgsl before both.
// control = {c, applied}: nothing is touched when applied is 0.
override LANES: u32;
alias Gradient = f32;
@group(0) @binding(0) var<storage, read> chunks: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> control: array<f32>;
@group(0) @binding(2) var<storage, read> gradients: array<Gradient>;
@group(0) @binding(5) var<storage, read_write> weights: array<f32>;
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
  let shift = vec4(chunk.z - chunk.x);
  let turns = chunk.y / (4u * LANES);
  var i = chunk.x + lane;
  for (var turn = 0u; turn < turns; turn++) {
    let at = i + vec4(0u, LANES, 2u * LANES, 3u * LANES);
    let p = vec4(weights[at.x], weights[at.y], weights[at.z], weights[at.w]);
    let g = vec4(gradients[at.x], gradients[at.y], gradients[at.z], gradients[at.w]);
    let moved = stepped(at + shift, p, c * vec4<f32>(g));
    store_weight(at.x, moved.x);
    store_weight(at.y, moved.y);
    store_weight(at.z, moved.z);
    store_weight(at.w, moved.w);
    i += 4u * LANES;
  }
  // The tail has one element for each lane and turn; its four columns are the same element.
  for (let end = chunk.x + chunk.y; i < end; i += LANES) {
    let moved = stepped(vec4(i) + shift, vec4(weights[i]), vec4(c * f32(gradients[i])));
    store_weight(i, moved.x);
  }
}
