// y = x * keep / (1 - rate), with keep given as one word per element, 1 = kept.
// One lane per element.
alias Value = f32;
struct Scalars { count: u32, factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read> keep: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i < scalars.count) {
    y[i] = Value(select(0.0, f32(x[i]) * scalars.factor, keep[i] != 0u));
  }
}
