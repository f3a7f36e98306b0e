// C[m,n] = alpha * sum_k A[m,k] * B[k,n]
// Work split: 32 invocations own a 32 x 64 tile, 8 x 8 each: rows
// 4 (row_group + 4 i) + 0..3, columns 4 (column_group + 8 j) + 0..3.
// c<i>_<j>: sums of row i of the micro-tile, its j-th group of 4 columns.

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

@group(0) @binding(0) var<storage, read> a: array<vec4<Value>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<Value>>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4<Out>>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

var<workgroup> tile_a: array<array<vec4<Value>, 8>, 4>;
var<workgroup> tile_b: array<array<vec4<Value>, 16>, 4>;

fn store_c(start: u32, row: u32, column: u32, sum: vec4<f32>) {
  if (row < scalars.M && column < scalars.N) {
    let at = (start + row * scalars.ldc + column) / 4u;
    c[at] = vec4<Out>(scalars.alpha * sum);
  }
}

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let m0 = group.y * 32u;
  let n0 = group.x * 64u;
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
  let warp = thread / 32u;
  let lane = thread % 32u;
  let row_group = warp / 1u * 8u + lane / 8u;
  let column_group = warp % 1u * 16u + lane % 8u;
  var c0_0 = vec4<f32>(0.0);
  var c0_1 = vec4<f32>(0.0);
  var c1_0 = vec4<f32>(0.0);
  var c1_1 = vec4<f32>(0.0);
  var c2_0 = vec4<f32>(0.0);
  var c2_1 = vec4<f32>(0.0);
  var c3_0 = vec4<f32>(0.0);
  var c3_1 = vec4<f32>(0.0);
  var c4_0 = vec4<f32>(0.0);
  var c4_1 = vec4<f32>(0.0);
  var c5_0 = vec4<f32>(0.0);
  var c5_1 = vec4<f32>(0.0);
  var c6_0 = vec4<f32>(0.0);
  var c6_1 = vec4<f32>(0.0);
  var c7_0 = vec4<f32>(0.0);
  var c7_1 = vec4<f32>(0.0);
  let a_row = scalars.lda / 4u;
  let b_row = scalars.ldb / 4u;

  // First tiles into registers.
  var a_next0_at = 0u;
  var a_next0_0 = vec4<Value>();
  var a_next0_1 = vec4<Value>();
  var a_next0_2 = vec4<Value>();
  var a_next0_3 = vec4<Value>();
  var b_next0_at = 0u;
  var b_next0 = vec4<Value>();
  var b_next1_at = 0u;
  var b_next1 = vec4<Value>();
  if (thread < 8u) {
    let index = min(m0 + 4u * (thread % 8u + 8u * (thread / 8u)), scalars.M - 1u);
    let k = k_begin + 4u * (thread / 8u % 1u);
    a_next0_at = (a_start + index * scalars.lda + k) / 4u;
  }
  {
    let index = min(n0 + 4u * (thread % 16u), (scalars.N - 1u) / 4u * 4u);
    let k = k_begin + thread / 16u;
    b_next0_at = (b_start + k * scalars.ldb + index) / 4u;
  }
  {
    let index = min(n0 + 4u * ((thread + 32u) % 16u), (scalars.N - 1u) / 4u * 4u);
    let k = k_begin + (thread + 32u) / 16u;
    b_next1_at = (b_start + k * scalars.ldb + index) / 4u;
  }
  if (thread < 8u) {
    a_next0_0 = a[a_next0_at];
    a_next0_1 = a[a_next0_at + a_row];
    a_next0_2 = a[a_next0_at + 2u * a_row];
    a_next0_3 = a[a_next0_at + 3u * a_row];
  }
  {
    b_next0 = b[b_next0_at];
  }
  {
    b_next1 = b[b_next1_at];
  }
  for (var k0 = k_begin; k0 < k_end; k0 += 4u) {
    // Registers into workgroup memory, then the next tiles into registers.
    if (thread < 8u) {
      let group = thread % 8u + 8u * (thread / 8u);
      let k = 4u * (thread / 8u % 1u);
      tile_a[k][group] = vec4<Value>(vec4(a_next0_0.x, a_next0_1.x, a_next0_2.x, a_next0_3.x));
      tile_a[k + 1u][group] = vec4<Value>(vec4(a_next0_0.y, a_next0_1.y, a_next0_2.y, a_next0_3.y));
      tile_a[k + 2u][group] = vec4<Value>(vec4(a_next0_0.z, a_next0_1.z, a_next0_2.z, a_next0_3.z));
      tile_a[k + 3u][group] = vec4<Value>(vec4(a_next0_0.w, a_next0_1.w, a_next0_2.w, a_next0_3.w));
    }
    {
      let group = thread % 16u;
      let k = thread / 16u;
      tile_b[k][group] = vec4<Value>(b_next0);
    }
    {
      let group = (thread + 32u) % 16u;
      let k = (thread + 32u) / 16u;
      tile_b[k][group] = vec4<Value>(b_next1);
    }
    workgroupBarrier();
    if (k0 + 4u < k_end) {
      if (thread < 8u) {
        a_next0_at += 1u;
        a_next0_0 = a[a_next0_at];
        a_next0_1 = a[a_next0_at + a_row];
        a_next0_2 = a[a_next0_at + 2u * a_row];
        a_next0_3 = a[a_next0_at + 3u * a_row];
      }
      {
        b_next0_at += 4u * b_row;
        b_next0 = b[b_next0_at];
      }
      {
        b_next1_at += 4u * b_row;
        b_next1 = b[b_next1_at];
      }
    }
    var p0_0 = vec4<Value>(0.0);
    var p0_1 = vec4<Value>(0.0);
    var p1_0 = vec4<Value>(0.0);
    var p1_1 = vec4<Value>(0.0);
    var p2_0 = vec4<Value>(0.0);
    var p2_1 = vec4<Value>(0.0);
    var p3_0 = vec4<Value>(0.0);
    var p3_1 = vec4<Value>(0.0);
    var p4_0 = vec4<Value>(0.0);
    var p4_1 = vec4<Value>(0.0);
    var p5_0 = vec4<Value>(0.0);
    var p5_1 = vec4<Value>(0.0);
    var p6_0 = vec4<Value>(0.0);
    var p6_1 = vec4<Value>(0.0);
    var p7_0 = vec4<Value>(0.0);
    var p7_1 = vec4<Value>(0.0);
    {
      let a0 = tile_a[0][row_group];
      let a1 = tile_a[0][row_group + 4u];
      let b0 = tile_b[0][column_group];
      let b1 = tile_b[0][column_group + 8u];
      p0_0 = fma(vec4<Value>(a0.x), b0, p0_0);
      p0_1 = fma(vec4<Value>(a0.x), b1, p0_1);
      p1_0 = fma(vec4<Value>(a0.y), b0, p1_0);
      p1_1 = fma(vec4<Value>(a0.y), b1, p1_1);
      p2_0 = fma(vec4<Value>(a0.z), b0, p2_0);
      p2_1 = fma(vec4<Value>(a0.z), b1, p2_1);
      p3_0 = fma(vec4<Value>(a0.w), b0, p3_0);
      p3_1 = fma(vec4<Value>(a0.w), b1, p3_1);
      p4_0 = fma(vec4<Value>(a1.x), b0, p4_0);
      p4_1 = fma(vec4<Value>(a1.x), b1, p4_1);
      p5_0 = fma(vec4<Value>(a1.y), b0, p5_0);
      p5_1 = fma(vec4<Value>(a1.y), b1, p5_1);
      p6_0 = fma(vec4<Value>(a1.z), b0, p6_0);
      p6_1 = fma(vec4<Value>(a1.z), b1, p6_1);
      p7_0 = fma(vec4<Value>(a1.w), b0, p7_0);
      p7_1 = fma(vec4<Value>(a1.w), b1, p7_1);
    }
    {
      let a0 = tile_a[1][row_group];
      let a1 = tile_a[1][row_group + 4u];
      let b0 = tile_b[1][column_group];
      let b1 = tile_b[1][column_group + 8u];
      p0_0 = fma(vec4<Value>(a0.x), b0, p0_0);
      p0_1 = fma(vec4<Value>(a0.x), b1, p0_1);
      p1_0 = fma(vec4<Value>(a0.y), b0, p1_0);
      p1_1 = fma(vec4<Value>(a0.y), b1, p1_1);
      p2_0 = fma(vec4<Value>(a0.z), b0, p2_0);
      p2_1 = fma(vec4<Value>(a0.z), b1, p2_1);
      p3_0 = fma(vec4<Value>(a0.w), b0, p3_0);
      p3_1 = fma(vec4<Value>(a0.w), b1, p3_1);
      p4_0 = fma(vec4<Value>(a1.x), b0, p4_0);
      p4_1 = fma(vec4<Value>(a1.x), b1, p4_1);
      p5_0 = fma(vec4<Value>(a1.y), b0, p5_0);
      p5_1 = fma(vec4<Value>(a1.y), b1, p5_1);
      p6_0 = fma(vec4<Value>(a1.z), b0, p6_0);
      p6_1 = fma(vec4<Value>(a1.z), b1, p6_1);
      p7_0 = fma(vec4<Value>(a1.w), b0, p7_0);
      p7_1 = fma(vec4<Value>(a1.w), b1, p7_1);
    }
    {
      let a0 = tile_a[2][row_group];
      let a1 = tile_a[2][row_group + 4u];
      let b0 = tile_b[2][column_group];
      let b1 = tile_b[2][column_group + 8u];
      p0_0 = fma(vec4<Value>(a0.x), b0, p0_0);
      p0_1 = fma(vec4<Value>(a0.x), b1, p0_1);
      p1_0 = fma(vec4<Value>(a0.y), b0, p1_0);
      p1_1 = fma(vec4<Value>(a0.y), b1, p1_1);
      p2_0 = fma(vec4<Value>(a0.z), b0, p2_0);
      p2_1 = fma(vec4<Value>(a0.z), b1, p2_1);
      p3_0 = fma(vec4<Value>(a0.w), b0, p3_0);
      p3_1 = fma(vec4<Value>(a0.w), b1, p3_1);
      p4_0 = fma(vec4<Value>(a1.x), b0, p4_0);
      p4_1 = fma(vec4<Value>(a1.x), b1, p4_1);
      p5_0 = fma(vec4<Value>(a1.y), b0, p5_0);
      p5_1 = fma(vec4<Value>(a1.y), b1, p5_1);
      p6_0 = fma(vec4<Value>(a1.z), b0, p6_0);
      p6_1 = fma(vec4<Value>(a1.z), b1, p6_1);
      p7_0 = fma(vec4<Value>(a1.w), b0, p7_0);
      p7_1 = fma(vec4<Value>(a1.w), b1, p7_1);
    }
    {
      let a0 = tile_a[3][row_group];
      let a1 = tile_a[3][row_group + 4u];
      let b0 = tile_b[3][column_group];
      let b1 = tile_b[3][column_group + 8u];
      p0_0 = fma(vec4<Value>(a0.x), b0, p0_0);
      p0_1 = fma(vec4<Value>(a0.x), b1, p0_1);
      p1_0 = fma(vec4<Value>(a0.y), b0, p1_0);
      p1_1 = fma(vec4<Value>(a0.y), b1, p1_1);
      p2_0 = fma(vec4<Value>(a0.z), b0, p2_0);
      p2_1 = fma(vec4<Value>(a0.z), b1, p2_1);
      p3_0 = fma(vec4<Value>(a0.w), b0, p3_0);
      p3_1 = fma(vec4<Value>(a0.w), b1, p3_1);
      p4_0 = fma(vec4<Value>(a1.x), b0, p4_0);
      p4_1 = fma(vec4<Value>(a1.x), b1, p4_1);
      p5_0 = fma(vec4<Value>(a1.y), b0, p5_0);
      p5_1 = fma(vec4<Value>(a1.y), b1, p5_1);
      p6_0 = fma(vec4<Value>(a1.z), b0, p6_0);
      p6_1 = fma(vec4<Value>(a1.z), b1, p6_1);
      p7_0 = fma(vec4<Value>(a1.w), b0, p7_0);
      p7_1 = fma(vec4<Value>(a1.w), b1, p7_1);
    }
    c0_0 += vec4<f32>(p0_0);
    c0_1 += vec4<f32>(p0_1);
    c1_0 += vec4<f32>(p1_0);
    c1_1 += vec4<f32>(p1_1);
    c2_0 += vec4<f32>(p2_0);
    c2_1 += vec4<f32>(p2_1);
    c3_0 += vec4<f32>(p3_0);
    c3_1 += vec4<f32>(p3_1);
    c4_0 += vec4<f32>(p4_0);
    c4_1 += vec4<f32>(p4_1);
    c5_0 += vec4<f32>(p5_0);
    c5_1 += vec4<f32>(p5_1);
    c6_0 += vec4<f32>(p6_0);
    c6_1 += vec4<f32>(p6_1);
    c7_0 += vec4<f32>(p7_0);
    c7_1 += vec4<f32>(p7_1);
    workgroupBarrier();
  }

  store_c(c_start, m0 + 4u * (row_group + 0u) + 0u, n0 + 4u * (column_group + 0u), c0_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 0u, n0 + 4u * (column_group + 8u), c0_1);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 1u, n0 + 4u * (column_group + 0u), c1_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 1u, n0 + 4u * (column_group + 8u), c1_1);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 2u, n0 + 4u * (column_group + 0u), c2_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 2u, n0 + 4u * (column_group + 8u), c2_1);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 3u, n0 + 4u * (column_group + 0u), c3_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 3u, n0 + 4u * (column_group + 8u), c3_1);
  store_c(c_start, m0 + 4u * (row_group + 4u) + 0u, n0 + 4u * (column_group + 0u), c4_0);
  store_c(c_start, m0 + 4u * (row_group + 4u) + 0u, n0 + 4u * (column_group + 8u), c4_1);
  store_c(c_start, m0 + 4u * (row_group + 4u) + 1u, n0 + 4u * (column_group + 0u), c5_0);
  store_c(c_start, m0 + 4u * (row_group + 4u) + 1u, n0 + 4u * (column_group + 8u), c5_1);
  store_c(c_start, m0 + 4u * (row_group + 4u) + 2u, n0 + 4u * (column_group + 0u), c6_0);
  store_c(c_start, m0 + 4u * (row_group + 4u) + 2u, n0 + 4u * (column_group + 8u), c6_1);
  store_c(c_start, m0 + 4u * (row_group + 4u) + 3u, n0 + 4u * (column_group + 0u), c7_0);
  store_c(c_start, m0 + 4u * (row_group + 4u) + 3u, n0 + 4u * (column_group + 8u), c7_1);
}
