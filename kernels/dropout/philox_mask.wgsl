// y = x * keep / (1 - rate), with keep drawn by Philox4x32-10 and never stored.  x, y: [count].
// One lane per 8 consecutive elements e: one call gives four words, that is eight 16-bit draws, the
// low half of a word first. Element 8 b + j is kept iff draw j of
//   philox((b, step, stream, 0), (seed, site)) >= threshold = round(65536 rate).
// Forward and backward are the same launch: the mask depends on nothing but these numbers.
alias Value = f32;
struct Scalars {
  count: u32, seed: u32, step: u32, stream: u32, site: u32, threshold: u32, factor: f32,
}
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> y: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn masked(e: u32, draw: u32) {
  if (e < scalars.count) {
    y[e] = Value(select(0.0, f32(x[e]) * scalars.factor, draw >= scalars.threshold));
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = (group.y * groups.x + group.x) * 64u + lane;
  let e = block * 8u;
  if (e >= scalars.count) {
    return;
  }
  let words = philox4x32_10(
    vec4<u32>(block, scalars.step, scalars.stream, 0u),
    vec2<u32>(scalars.seed, scalars.site),
  );
  let low = words & vec4<u32>(0xffffu);
  let high = words >> vec4<u32>(16u);
  masked(e, low.x);
  masked(e + 1u, high.x);
  masked(e + 2u, low.y);
  masked(e + 3u, high.y);
  masked(e + 4u, low.z);
  masked(e + 5u, high.z);
  masked(e + 6u, low.w);
  masked(e + 7u, high.w);
}
