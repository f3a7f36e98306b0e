// dtable[distinct[s] - first_id, :] += scale * sum of dy[order[j], :]
// over starts[s] <= j < starts[s + 1], for the groups of one table range: `groups` of them from
// `first`. No other row is touched.
// dy: [R, width]; order: positions sorted by (id, position); starts: [R + 1]; distinct: [R].
//
// A workgroup takes one group (more groups than workgroups: it walks on) and 256 columns, four
// per lane; positions are added in their sorted order, so that the sum is the same in every run.
alias Value = f32;
struct Scalars { first: u32, groups: u32, width: u32, first_id: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> order: array<u32>;
@group(0) @binding(1) var<storage, read> starts: array<u32>;
@group(0) @binding(2) var<storage, read> distinct: array<u32>;
@group(0) @binding(3) var<storage, read> dy: array<Value>;
@group(0) @binding(4) var<storage, read_write> dtable: array<Value>;
@group(0) @binding(5) var<uniform> scalars: Scalars;

fn add(at: u32, sum: f32) {
  dtable[at] = Value(f32(dtable[at]) + sum);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let width = scalars.width;
  let column = group.y * 256u + lane;
  // Columns past the end read the last one and write nothing.
  let c0 = min(column, width - 1u);
  let c1 = min(column + 64u, width - 1u);
  let c2 = min(column + 128u, width - 1u);
  let c3 = min(column + 192u, width - 1u);
  for (var n = group.x; n < scalars.groups; n += groups.x) {
    let token = scalars.first + n;
    let end = starts[token + 1u];
    var s0 = 0.0;
    var s1 = 0.0;
    var s2 = 0.0;
    var s3 = 0.0;
    for (var j = starts[token]; j < end; j++) {
      let at = order[j] * width;
      s0 += f32(dy[at + c0]);
      s1 += f32(dy[at + c1]);
      s2 += f32(dy[at + c2]);
      s3 += f32(dy[at + c3]);
    }
    let row = (distinct[token] - scalars.first_id) * width;
    if (column < width) {
      add(row + c0, scalars.scale * s0);
    }
    if (column + 64u < width) {
      add(row + c1, scalars.scale * s1);
    }
    if (column + 128u < width) {
      add(row + c2, scalars.scale * s2);
    }
    if (column + 192u < width) {
      add(row + c3, scalars.scale * s3);
    }
  }
}
