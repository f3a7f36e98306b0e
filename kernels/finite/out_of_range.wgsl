// found[first + l] = 1 where lane l of all meets an element of x that is not a number or whose
// magnitude is 2^limit or more, else 0.  x: [count], found: [lanes of all launches].
// Lane l of L takes the elements l, l + L, l + 2 L, ... The test looks at the bits: compilers may
// assume that comparisons never meet infinities and NaN.
alias Value = f32;
struct Scalars { count: u32, first: u32, lanes: u32, limit: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> found: array<u32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let bound = (scalars.limit + 127u) << 23u;
  var seen = 0u;
  for (var i = id.x; i < scalars.count; i += scalars.lanes) {
    let bits = bitcast<u32>(f32(x[i])) & 0x7fffffffu;
    seen |= select(0u, 1u, bits >= bound);
  }
  found[scalars.first + id.x] = seen;
}
