// C[m,n] (+)= sum_s partial[s,m,n], s = 0 .. splits-1 in that order, so two runs are bit-equal.
// partial [splits, M, N] as a matmul with splitK writes it: row stride N, part stride c_outer.
// Work split: one invocation per element of C; x runs along n, y along m.

alias Out = f32;
struct Scalars {
  M: u32,
  N: u32,
  part_stride: u32,
  ldc: u32,
  c_offset: u32,
  splits: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<storage, read> partial: array<f32>;
@group(0) @binding(1) var<storage, read_write> c: array<Out>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let n = id.x;
  let m = id.y;
  if (m >= scalars.M || n >= scalars.N) {
    return;
  }
  let at = scalars.c_offset + m * scalars.ldc + n;
  var sum = 0.0;
  if (scalars.accumulate != 0u) {
    sum = f32(c[at]);
  }
  let first = m * scalars.N + n;
  for (var s = 0u; s < scalars.splits; s += 1u) {
    sum += partial[first + s * scalars.part_stride];
  }
  c[at] = Out(sum);
}
