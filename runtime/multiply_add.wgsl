// x <- x * a + b in registers: ROUNDS rounds of 16 vec4 steps, 8 accumulators a lane so that no
// step waits for the one before. 2 * 4 * 16 floating point operations a round and lane.
@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> copied: array<vec4<f32>>;
override ROUNDS: u32;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x * 64u + lane;
  let a = source[0];
  let b = source[i];
  var x0 = b;
  var x1 = b + 1.0;
  var x2 = b + 2.0;
  var x3 = b + 3.0;
  var x4 = b + 4.0;
  var x5 = b + 5.0;
  var x6 = b + 6.0;
  var x7 = b + 7.0;
  for (var round = 0u; round < ROUNDS; round++) {
    x0 = fma(x0, a, b);
    x1 = fma(x1, a, b);
    x2 = fma(x2, a, b);
    x3 = fma(x3, a, b);
    x4 = fma(x4, a, b);
    x5 = fma(x5, a, b);
    x6 = fma(x6, a, b);
    x7 = fma(x7, a, b);
    x0 = fma(x0, a, b);
    x1 = fma(x1, a, b);
    x2 = fma(x2, a, b);
    x3 = fma(x3, a, b);
    x4 = fma(x4, a, b);
    x5 = fma(x5, a, b);
    x6 = fma(x6, a, b);
    x7 = fma(x7, a, b);
  }
  copied[i] = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
}
