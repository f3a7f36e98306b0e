// C[m,n] += alpha * sum_k A[m,k] * B[k,n]
// Work split: 64 invocations own a 32 x 32 tile, 4 x 4 each:
// rows 4 (row_group + 8 i) + 0..3, columns 4 (column_group + 8 j) + 0..3.
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

@group(0) @binding(0) var<storage, read> a: array<Value>;
@group(0) @binding(1) var<storage, read> b: array<Value>;
@group(0) @binding(2) var<storage, read_write> c: array<Out>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

var<workgroup> tile_a: array<vec4<f32>, 72>;
var<workgroup> tile_b: array<vec4<f32>, 64>;

fn load_a(start: u32, index: u32, k: u32, k_end: u32) -> f32 {
  if (index < scalars.M && k < k_end) {
    return f32(a[start + index * scalars.lda + k]);
  }
  return 0.0;
}

fn load_b(start: u32, index: u32, k: u32, k_end: u32) -> f32 {
  if (index < scalars.N && k < k_end) {
    return f32(b[start + k * scalars.ldb + index]);
  }
  return 0.0;
}

fn store_c(start: u32, row: u32, column: u32, sum: vec4<f32>) {
  if (row < scalars.M) {
    let at = start + row * scalars.ldc + column;
    if (column < scalars.N) {
      c[at] = Out(f32(c[at]) + scalars.alpha * sum.x);
    }
    if (column + 1u < scalars.N) {
      c[at + 1u] = Out(f32(c[at + 1u]) + scalars.alpha * sum.y);
    }
    if (column + 2u < scalars.N) {
      c[at + 2u] = Out(f32(c[at + 2u]) + scalars.alpha * sum.z);
    }
    if (column + 3u < scalars.N) {
      c[at + 3u] = Out(f32(c[at + 3u]) + scalars.alpha * sum.w);
    }
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let m0 = group.y * 32u;
  let n0 = group.x * 32u;
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
  let row_group = thread / 8u;
  let column_group = thread % 8u;
  var c0_0 = vec4<f32>(0.0);
  var c1_0 = vec4<f32>(0.0);
  var c2_0 = vec4<f32>(0.0);
  var c3_0 = vec4<f32>(0.0);

  // First tiles into registers.
  var a_next0 = vec4<f32>(0.0);
  {
    let index = m0 + 4u * (thread / 8u);
    let k = k_begin + (thread % 8u);
    a_next0 = vec4<f32>(
      load_a(a_start, index, k, k_end),
      load_a(a_start, index + 1u, k, k_end),
      load_a(a_start, index + 2u, k, k_end),
      load_a(a_start, index + 3u, k, k_end),
    );
  }
  var b_next0 = vec4<f32>(0.0);
  {
    let index = n0 + 4u * (thread % 8u);
    let k = k_begin + (thread / 8u);
    b_next0 = vec4<f32>(
      load_b(b_start, index, k, k_end),
      load_b(b_start, index + 1u, k, k_end),
      load_b(b_start, index + 2u, k, k_end),
      load_b(b_start, index + 3u, k, k_end),
    );
  }
  for (var k0 = k_begin; k0 < k_end; k0 += 8u) {
    // Registers into workgroup memory, then the next tiles into registers.
    {
      let at = (thread % 8u) * 9u + thread / 8u;
      tile_a[at] = a_next0;
    }
    {
      let at = (thread / 8u) * 8u + thread % 8u;
      tile_b[at] = b_next0;
    }
    workgroupBarrier();
    {
      let index = m0 + 4u * (thread / 8u);
      let k = k0 + 8u + (thread % 8u);
      a_next0 = vec4<f32>(
        load_a(a_start, index, k, k_end),
        load_a(a_start, index + 1u, k, k_end),
        load_a(a_start, index + 2u, k, k_end),
        load_a(a_start, index + 3u, k, k_end),
      );
    }
    {
      let index = n0 + 4u * (thread % 8u);
      let k = k0 + 8u + (thread / 8u);
      b_next0 = vec4<f32>(
        load_b(b_start, index, k, k_end),
        load_b(b_start, index + 1u, k, k_end),
        load_b(b_start, index + 2u, k, k_end),
        load_b(b_start, index + 3u, k, k_end),
      );
    }
    for (var k = 0u; k < 8u; k += 4u) {
      let a_at = k * 9u + row_group;
      let b_at = k * 8u + column_group;
      {
        let a0 = tile_a[a_at + 0u];
        let b0 = tile_b[b_at + 0u];
        c0_0 = fma(vec4<f32>(a0.x), b0, c0_0);
        c1_0 = fma(vec4<f32>(a0.y), b0, c1_0);
        c2_0 = fma(vec4<f32>(a0.z), b0, c2_0);
        c3_0 = fma(vec4<f32>(a0.w), b0, c3_0);
      }
      {
        let a0 = tile_a[a_at + 9u];
        let b0 = tile_b[b_at + 8u];
        c0_0 = fma(vec4<f32>(a0.x), b0, c0_0);
        c1_0 = fma(vec4<f32>(a0.y), b0, c1_0);
        c2_0 = fma(vec4<f32>(a0.z), b0, c2_0);
        c3_0 = fma(vec4<f32>(a0.w), b0, c3_0);
      }
      {
        let a0 = tile_a[a_at + 18u];
        let b0 = tile_b[b_at + 16u];
        c0_0 = fma(vec4<f32>(a0.x), b0, c0_0);
        c1_0 = fma(vec4<f32>(a0.y), b0, c1_0);
        c2_0 = fma(vec4<f32>(a0.z), b0, c2_0);
        c3_0 = fma(vec4<f32>(a0.w), b0, c3_0);
      }
      {
        let a0 = tile_a[a_at + 27u];
        let b0 = tile_b[b_at + 24u];
        c0_0 = fma(vec4<f32>(a0.x), b0, c0_0);
        c1_0 = fma(vec4<f32>(a0.y), b0, c1_0);
        c2_0 = fma(vec4<f32>(a0.z), b0, c2_0);
        c3_0 = fma(vec4<f32>(a0.w), b0, c3_0);
      }
    }
    workgroupBarrier();
  }

  store_c(c_start, m0 + 4u * (row_group + 0u) + 0u, n0 + 4u * (column_group + 0u), c0_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 1u, n0 + 4u * (column_group + 0u), c1_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 2u, n0 + 4u * (column_group + 0u), c2_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 3u, n0 + 4u * (column_group + 0u), c3_0);
}
