// copied = source, four vec4 per lane, 64 apart: what a memory-bound kernel can reach.
// Neighbours load together on a GPU, and a processor spends its time on elements, not on lanes.
@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> copied: array<vec4<f32>>;

fn element(i: u32) {
  if (i < arrayLength(&copied)) {
    copied[i] = source[i];
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 256u + lane;
  element(i);
  element(i + 64u);
  element(i + 128u);
  element(i + 192u);
}
