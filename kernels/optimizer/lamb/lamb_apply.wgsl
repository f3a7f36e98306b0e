// Second half of LAMB, one chunk per workgroup (rows of `chunks` as in square_sums.wgsl):
//   p = p - rate * ratio * u,  u = m / (sqrt(v) + eps) + decay p.
// store_weight comes from the store_weight*.wgsl before this text.
// control = {c, applied}: nothing is touched when applied is 0.
override LANES: u32;
struct Scalars { first: u32, count: u32, rate: f32, eps: f32, decay: f32 }
@group(0) @binding(0) var<storage, read> chunks: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> control: array<f32>;
@group(0) @binding(2) var<storage, read> ratios: array<f32>;
@group(0) @binding(3) var<storage, read> m: array<f32>;
@group(0) @binding(4) var<storage, read> v: array<f32>;
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
  let s = scalars;
  let chunk = chunks[s.first + row];
  let rate = s.rate * ratios[chunk.w];
  let turns = chunk.y / (4u * LANES);
  var i = chunk.x + lane;
  for (var turn = 0u; turn < turns; turn++) {
    let j = i + LANES;
    let k = j + LANES;
    let l = k + LANES;
    let p = vec4(weights[i], weights[j], weights[k], weights[l]);
    let root = sqrt(vec4(v[i], v[j], v[k], v[l]));
    let u = vec4(m[i], m[j], m[k], m[l]) / (root + s.eps) + s.decay * p;
    let moved = p - rate * u;
    store_weight(i, moved.x);
    store_weight(j, moved.y);
    store_weight(k, moved.z);
    store_weight(l, moved.w);
    i += 4u * LANES;
  }
  for (let end = chunk.x + chunk.y; i < end; i += LANES) {
    let p = weights[i];
    store_weight(i, p - rate * (m[i] / (sqrt(v[i]) + s.eps) + s.decay * p));
  }
}
