// y[g] = sum of every element of x whose workgroup is g of G: lane l of L = 64 G takes the elements
// l, l + L, l + 2 L, ..., then the lanes of a workgroup add up as a tree. Fixed order, no atomics.
// Two launches make a sum of everything: many workgroups, then one over their results.
alias Value = f32;
struct Scalars { count: u32, groups: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

var<workgroup> partial: array<f32, 64>;

fn value(i: u32) -> f32 {
  if (i < scalars.count) {
    return f32(x[i]);
  }
  return 0.0;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let stride = scalars.groups * 64u;
  var sum = 0.0;
  for (var i = group.x * 64u + lane; i < scalars.count; i += 4u * stride) {
    sum += (value(i) + value(i + stride)) + (value(i + 2u * stride) + value(i + 3u * stride));
  }
  partial[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half = half / 2u) {
    if (lane < half) {
      partial[lane] = partial[lane] + partial[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    y[group.x] = partial[0];
  }
}
