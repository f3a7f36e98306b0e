// C[m,n] = max(alpha * sum_k A[m,k] * B[n,k] + bias[n], 0)
// Work split: 8 lanes own 8 x 16 outputs; lane l has columns n0 + l + 8 j, all rows.
// a<g>_<e>: A of row m0 + 8 g + lane at k + e. b<j>_<e>: B of column n0 + 8 j + lane.
// c<i>_<j>: sum for row m0 + i, column n0 + 8 j + lane. Rows and columns past the edge repeat the
// last one, so loads need no test.

alias Value = f32;
alias Out = f32;
struct Scalars {
  M: u32,
  N: u32,
  K: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  a_offset: u32,
  b_offset: u32,
  c_offset: u32,
  a_outer: u32,
  a_inner: u32,
  b_outer: u32,
  b_inner: u32,
  c_outer: u32,
  c_inner: u32,
  outer: u32,
  inner: u32,
  splits: u32,
  alpha: f32,
}

@group(0) @binding(0) var<storage, read> a: array<Value>;
@group(0) @binding(1) var<storage, read> b: array<Value>;
@group(0) @binding(2) var<storage, read_write> c: array<Out>;
@group(0) @binding(3) var<storage, read> bias: array<Value>;
@group(0) @binding(4) var<uniform> scalars: Scalars;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let m0 = group.y * 8u;
  let n0 = group.x * 16u;
  if (m0 >= scalars.M || n0 >= scalars.N) {
    return;
  }
  let outer_batch = group.z / scalars.inner;
  let inner_batch = group.z % scalars.inner;
  let k_begin = 0u;
  let k_end = scalars.K;
  let a_start = scalars.a_offset + outer_batch * scalars.a_outer + inner_batch * scalars.a_inner;
  let b_start = scalars.b_offset + outer_batch * scalars.b_outer + inner_batch * scalars.b_inner;
  let c_start = scalars.c_offset + outer_batch * scalars.c_outer + inner_batch * scalars.c_inner;
  let last_row = scalars.M - 1u;
  let last_column = scalars.N - 1u;
  let a_at0 = a_start + min(m0 + 0u + lane, last_row) * scalars.lda;
  let b_at0 = b_start + min(n0 + 0u + lane, last_column) * scalars.ldb;
  let b_at1 = b_start + min(n0 + 8u + lane, last_column) * scalars.ldb;
  var c0_0 = 0.0;
  var c0_1 = 0.0;
  var c1_0 = 0.0;
  var c1_1 = 0.0;
  var c2_0 = 0.0;
  var c2_1 = 0.0;
  var c3_0 = 0.0;
  var c3_1 = 0.0;
  var c4_0 = 0.0;
  var c4_1 = 0.0;
  var c5_0 = 0.0;
  var c5_1 = 0.0;
  var c6_0 = 0.0;
  var c6_1 = 0.0;
  var c7_0 = 0.0;
  var c7_1 = 0.0;

  var k = k_begin;
  for (; k + 2u <= k_end; k += 2u) {
    let a0_0 = f32(a[a_at0 + k]);
    let a0_1 = f32(a[a_at0 + k + 1u]);
    let b0_0 = f32(b[b_at0 + k]);
    let b0_1 = f32(b[b_at0 + k + 1u]);
    let b1_0 = f32(b[b_at1 + k]);
    let b1_1 = f32(b[b_at1 + k + 1u]);
    {
      let x = subgroupBroadcast(a0_0, 0u);
      c0_0 = fma(x, b0_0, c0_0);
      c0_1 = fma(x, b1_0, c0_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 1u);
      c1_0 = fma(x, b0_0, c1_0);
      c1_1 = fma(x, b1_0, c1_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 2u);
      c2_0 = fma(x, b0_0, c2_0);
      c2_1 = fma(x, b1_0, c2_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 3u);
      c3_0 = fma(x, b0_0, c3_0);
      c3_1 = fma(x, b1_0, c3_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 4u);
      c4_0 = fma(x, b0_0, c4_0);
      c4_1 = fma(x, b1_0, c4_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 5u);
      c5_0 = fma(x, b0_0, c5_0);
      c5_1 = fma(x, b1_0, c5_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 6u);
      c6_0 = fma(x, b0_0, c6_0);
      c6_1 = fma(x, b1_0, c6_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 7u);
      c7_0 = fma(x, b0_0, c7_0);
      c7_1 = fma(x, b1_0, c7_1);
    }
    {
      let x = subgroupBroadcast(a0_1, 0u);
      c0_0 = fma(x, b0_1, c0_0);
      c0_1 = fma(x, b1_1, c0_1);
    }
    {
      let x = subgroupBroadcast(a0_1, 1u);
      c1_0 = fma(x, b0_1, c1_0);
      c1_1 = fma(x, b1_1, c1_1);
    }
    {
      let x = subgroupBroadcast(a0_1, 2u);
      c2_0 = fma(x, b0_1, c2_0);
      c2_1 = fma(x, b1_1, c2_1);
    }
    {
      let x = subgroupBroadcast(a0_1, 3u);
      c3_0 = fma(x, b0_1, c3_0);
      c3_1 = fma(x, b1_1, c3_1);
    }
    {
      let x = subgroupBroadcast(a0_1, 4u);
      c4_0 = fma(x, b0_1, c4_0);
      c4_1 = fma(x, b1_1, c4_1);
    }
    {
      let x = subgroupBroadcast(a0_1, 5u);
      c5_0 = fma(x, b0_1, c5_0);
      c5_1 = fma(x, b1_1, c5_1);
    }
    {
      let x = subgroupBroadcast(a0_1, 6u);
      c6_0 = fma(x, b0_1, c6_0);
      c6_1 = fma(x, b1_1, c6_1);
    }
    {
      let x = subgroupBroadcast(a0_1, 7u);
      c7_0 = fma(x, b0_1, c7_0);
      c7_1 = fma(x, b1_1, c7_1);
    }
  }
  for (; k < k_end; k += 1u) {
    let a0_0 = f32(a[a_at0 + k]);
    let b0_0 = f32(b[b_at0 + k]);
    let b1_0 = f32(b[b_at1 + k]);
    {
      let x = subgroupBroadcast(a0_0, 0u);
      c0_0 = fma(x, b0_0, c0_0);
      c0_1 = fma(x, b1_0, c0_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 1u);
      c1_0 = fma(x, b0_0, c1_0);
      c1_1 = fma(x, b1_0, c1_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 2u);
      c2_0 = fma(x, b0_0, c2_0);
      c2_1 = fma(x, b1_0, c2_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 3u);
      c3_0 = fma(x, b0_0, c3_0);
      c3_1 = fma(x, b1_0, c3_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 4u);
      c4_0 = fma(x, b0_0, c4_0);
      c4_1 = fma(x, b1_0, c4_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 5u);
      c5_0 = fma(x, b0_0, c5_0);
      c5_1 = fma(x, b1_0, c5_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 6u);
      c6_0 = fma(x, b0_0, c6_0);
      c6_1 = fma(x, b1_0, c6_1);
    }
    {
      let x = subgroupBroadcast(a0_0, 7u);
      c7_0 = fma(x, b0_0, c7_0);
      c7_1 = fma(x, b1_0, c7_1);
    }
  }

  let c_at0 = c_start + min(m0 + 0u, last_row) * scalars.ldc;
  let c_at1 = c_start + min(m0 + 1u, last_row) * scalars.ldc;
  let c_at2 = c_start + min(m0 + 2u, last_row) * scalars.ldc;
  let c_at3 = c_start + min(m0 + 3u, last_row) * scalars.ldc;
  let c_at4 = c_start + min(m0 + 4u, last_row) * scalars.ldc;
  let c_at5 = c_start + min(m0 + 5u, last_row) * scalars.ldc;
  let c_at6 = c_start + min(m0 + 6u, last_row) * scalars.ldc;
  let c_at7 = c_start + min(m0 + 7u, last_row) * scalars.ldc;
  let end_column = min(n0 + 16u, scalars.N);
  for (var column = n0 + lane; column < end_column; column += 8u) {
    let bias_here = f32(bias[column]);
    c[c_at0 + column] = Out(max(scalars.alpha * c0_0 + bias_here, 0.0));
    c[c_at1 + column] = Out(max(scalars.alpha * c1_0 + bias_here, 0.0));
    c[c_at2 + column] = Out(max(scalars.alpha * c2_0 + bias_here, 0.0));
    c[c_at3 + column] = Out(max(scalars.alpha * c3_0 + bias_here, 0.0));
    c[c_at4 + column] = Out(max(scalars.alpha * c4_0 + bias_here, 0.0));
    c[c_at5 + column] = Out(max(scalars.alpha * c5_0 + bias_here, 0.0));
    c[c_at6 + column] = Out(max(scalars.alpha * c6_0 + bias_here, 0.0));
    c[c_at7 + column] = Out(max(scalars.alpha * c7_0 + bias_here, 0.0));
    c0_0 = c0_1;
    c1_0 = c1_1;
    c2_0 = c2_1;
    c3_0 = c3_1;
    c4_0 = c4_1;
    c5_0 = c5_1;
    c6_0 = c6_1;
    c7_0 = c7_1;
  }
}
