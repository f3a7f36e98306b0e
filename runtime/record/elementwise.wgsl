// Calls `element(i)` of the kernel above for every i below a multiple of 512 that covers its count.
// A workgroup of 64 lanes takes 512 elements, eight per lane, 64 apart: neighbours load together
// on a GPU, and a processor spends its time on elements rather than on lanes.
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
