// y[n, :] = scale * table[ids[n] - first_id, :] for the ids of one table range.
// ids: [R], table: [rows, width], y: [R, width]. A workgroup per position (more positions than
// workgroups: it walks on), its lanes over the columns. The launch of the first range also writes
// zeros for every id outside its own range; later launches overwrite the rows that are theirs.
alias Value = f32;
struct Scalars {
  positions: u32,
  rows: u32,
  width: u32,
  first_id: u32,
  scale: f32,
  zero_others: u32,
}
@group(0) @binding(0) var<storage, read> ids: array<u32>;
@group(0) @binding(1) var<storage, read> table: array<Value>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let width = scalars.width;
  for (var n = group.x; n < scalars.positions; n += groups.x) {
    let row = ids[n] - scalars.first_id; // an id below the range wraps around to a large one
    if (row < scalars.rows) {
      for (var c = lane; c < width; c += 64u) {
        y[n * width + c] = Value(scalars.scale * f32(table[row * width + c]));
      }
    } else if (scalars.zero_others == 1u) {
      for (var c = lane; c < width; c += 64u) {
        y[n * width + c] = Value(0.0);
      }
    }
  }
}
