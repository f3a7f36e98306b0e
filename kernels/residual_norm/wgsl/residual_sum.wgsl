// sum = drop(x) + residual, also written below the first rows of `rows`. x, residual and sum have
// `count` items, `rows` has `first` more. One lane per eight numbers; branch and write_item come
// from other texts.
alias Value = f32;
@group(0) @binding(0) var<storage, read> x: array<Item>;
@group(0) @binding(1) var<storage, read> residual: array<Item>;
@group(0) @binding(2) var<storage, read_write> sum: array<Item>;
@group(0) @binding(3) var<storage, read_write> rows: array<Item>;
@group(0) @binding(4) var<uniform> scalars: Scalars;

fn write_sum(j: u32) {
  if (j < scalars.count) {
    let value = Item(branch(j) + Numbers(residual[j]));
    sum[j] = value;
    rows[scalars.first + j] = value;
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = ((group.y * groups.x + group.x) * 64u + lane) * (8u / WIDTH);
  for (var i = block; i < block + 8u / WIDTH; i++) {
    write_item(i);
  }
}
