// x <- x * a + b in registers: ROUNDS rounds of 4 steps, 12 accumulators a lane so that no step
// waits for the one before, and all fit the 16 registers of a processor.
// 2 * 4 * 12 floating-point operations a round and lane.
@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> copied: array<vec4<f32>>;
override ROUNDS: u32;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x * 64u + lane;
  let a = source[0].x;
  let b = source[i].x;
  var x0 = b;
  var x1 = b + 1.0;
  var x2 = b + 2.0;
  var x3 = b + 3.0;
  var x4 = b + 4.0;
  var x5 = b + 5.0;
  var x6 = b + 6.0;
  var x7 = b + 7.0;
  var x8 = b + 8.0;
  var x9 = b + 9.0;
  var x10 = b + 10.0;
  var x11 = b + 11.0;
  for (var round = 0u; round < ROUNDS; round++) {
    x0 = fma(x0, a, b); x1 = fma(x1, a, b); x2 = fma(x2, a, b); x3 = fma(x3, a, b);
    x4 = fma(x4, a, b); x5 = fma(x5, a, b); x6 = fma(x6, a, b); x7 = fma(x7, a, b);
    x8 = fma(x8, a, b); x9 = fma(x9, a, b); x10 = fma(x10, a, b); x11 = fma(x11, a, b);
    x0 = fma(x0, a, b); x1 = fma(x1, a, b); x2 = fma(x2, a, b); x3 = fma(x3, a, b);
    x4 = fma(x4, a, b); x5 = fma(x5, a, b); x6 = fma(x6, a, b); x7 = fma(x7, a, b);
    x8 = fma(x8, a, b); x9 = fma(x9, a, b); x10 = fma(x10, a, b); x11 = fma(x11, a, b);
    x0 = fma(x0, a, b); x1 = fma(x1, a, b); x2 = fma(x2, a, b); x3 = fma(x3, a, b);
    x4 = fma(x4, a, b); x5 = fma(x5, a, b); x6 = fma(x6, a, b); x7 = fma(x7, a, b);
    x8 = fma(x8, a, b); x9 = fma(x9, a, b); x10 = fma(x10, a, b); x11 = fma(x11, a, b);
    x0 = fma(x0, a, b); x1 = fma(x1, a, b); x2 = fma(x2, a, b); x3 = fma(x3, a, b);
    x4 = fma(x4, a, b); x5 = fma(x5, a, b); x6 = fma(x6, a, b); x7 = fma(x7, a, b);
    x8 = fma(x8, a, b); x9 = fma(x9, a, b); x10 = fma(x10, a, b); x11 = fma(x11, a, b);
  }
  copied[i] = vec4(x0 + x1 + x2, x3 + x4 + x5, x6 + x7 + x8, x9 + x10 + x11);
}
