// c = a + b, elementwise. A workgroup of 64 lanes takes 512 elements, eight per lane, 64 apart.
struct Scalars { count: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    c[i] = a[i] + b[i];
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 512u + lane;
  element(i);
  element(i + 64u);
  element(i + 128u);
  element(i + 192u);
  element(i + 256u);
  element(i + 320u);
  element(i + 384u);
  element(i + 448u);
}
