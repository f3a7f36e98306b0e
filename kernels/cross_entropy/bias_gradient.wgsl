// dbias[c] += sum_r dlogits[r, first + c].  dlogits: [chunk, stride], dbias: [columns].
// One lane per column; rows in four interleaved sums, combined in a fixed order.
alias Value = f32;
struct Scalars { rows: u32, columns: u32, stride: u32, first: u32 }
@group(0) @binding(0) var<storage, read> dlogits: array<Value>;
@group(0) @binding(1) var<storage, read_write> dbias: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x;
  if (column >= scalars.columns) {
    return;
  }
  let stride = scalars.stride;
  let end = scalars.first + column + scalars.rows * stride;
  let fours = end - (scalars.rows % 4u) * stride;
  var s0 = 0.0;
  var s1 = 0.0;
  var s2 = 0.0;
  var s3 = 0.0;
  var at = scalars.first + column;
  for (; at < fours; at += 4u * stride) {
    s0 += f32(dlogits[at]);
    s1 += f32(dlogits[at + stride]);
    s2 += f32(dlogits[at + 2u * stride]);
    s3 += f32(dlogits[at + 3u * stride]);
  }
  for (; at < end; at += stride) {
    s0 += f32(dlogits[at]);
  }
  dbias[column] = Value(f32(dbias[column]) + ((s0 + s1) + (s2 + s3)));
}
