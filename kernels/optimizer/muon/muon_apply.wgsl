// Step of Muon, one chunk of a matrix per workgroup (rows of `chunks` as in muon_direction.wgsl):
//   p = keep * p - rate * scale * direction.
// store_weight comes from the store_weight*.wgsl before this text.
// control = {c, applied}: nothing is touched when applied is 0.
override LANES: u32;
struct Scalars { first: u32, count: u32, rate: f32, keep: f32, scale: f32 }
@group(0) @binding(0) var<storage, read> chunks: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> control: array<f32>;
@group(0) @binding(2) var<storage, read> direction: array<f32>;
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;
@group(0) @binding(4) var<uniform> scalars: Scalars;

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
  let chunk = chunks[scalars.first + row];
  let rate = scalars.rate * scalars.scale;
  for (var i = lane; i < chunk.y; i += LANES) {
    let p = weights[chunk.x + i];
    store_weight(chunk.x + i, scalars.keep * p - rate * direction[chunk.w + i]);
  }
}
