// C[m,n] = drop(alpha * sum_k A[m,k] * B[n,k])
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
  seed: u32,
  step: u32,
  stream: u32,
  site: u32,
  threshold: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4<Value>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<Value>>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4<Out>>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

var<workgroup> tile_a: array<vec4<f32>, 72>;
var<workgroup> tile_b: array<vec4<f32>, 72>;

fn load_a(start: u32, index: u32, k: u32, k_end: u32) -> vec4<f32> {
  if (index < scalars.M && k < k_end) {
    return vec4<f32>(a[(start + index * scalars.lda + k) / 4u]);
  }
  return vec4<f32>(0.0);
}

fn load_b(start: u32, index: u32, k: u32, k_end: u32) -> vec4<f32> {
  if (index < scalars.N && k < k_end) {
    return vec4<f32>(b[(start + index * scalars.ldb + k) / 4u]);
  }
  return vec4<f32>(0.0);
}

// Bit e of word w: whether element e of 32 along a row of the tile is kept.
var<workgroup> kept_words: array<u32, 32>;

fn draw_masks(m0: u32, n0: u32, thread: u32) {
  for (var w = thread; w < 32u; w += 64u) {
    let element = (m0 + w / 1u) * scalars.N + n0 + 32u * (w % 1u);
    var bits = 0u;
    for (var block = 0u; block < 4u; block++) {
      let words = philox4x32_10(
        vec4<u32>(element / 8u + block, scalars.step, scalars.stream, 0u),
        vec2<u32>(scalars.seed, scalars.site),
      );
      bits |= kept_bits(words, scalars.threshold) << (8u * block);
    }
    kept_words[w] = bits;
  }
}

fn kept_by_mask(row: u32, column: u32) -> vec4<bool> {
  let at = (row % 32u) * 32u + column % 32u;
  let bits = vec4<u32>(kept_words[at / 32u] >> (at % 32u));
  return (bits & vec4<u32>(1u, 2u, 4u, 8u)) != vec4<u32>(0u);
}

fn store_c(start: u32, row: u32, column: u32, sum: vec4<f32>) {
  if (row < scalars.M && column < scalars.N) {
    let at = (start + row * scalars.ldc + column) / 4u;
    let kept = kept_by_mask(row, column);
    c[at] = vec4<Out>(select(vec4<f32>(0.0), scalars.factor * (scalars.alpha * sum), kept));
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
  var a_next0_0 = vec4<f32>(0.0);
  var a_next0_1 = vec4<f32>(0.0);
  var a_next0_2 = vec4<f32>(0.0);
  var a_next0_3 = vec4<f32>(0.0);
  if (thread < 16u) {
    let index = m0 + 4u * (thread / 2u);
    let k = k_begin + 4u * (thread % 2u);
    a_next0_0 = load_a(a_start, index, k, k_end);
    a_next0_1 = load_a(a_start, index + 1u, k, k_end);
    a_next0_2 = load_a(a_start, index + 2u, k, k_end);
    a_next0_3 = load_a(a_start, index + 3u, k, k_end);
  }
  var b_next0_0 = vec4<f32>(0.0);
  var b_next0_1 = vec4<f32>(0.0);
  var b_next0_2 = vec4<f32>(0.0);
  var b_next0_3 = vec4<f32>(0.0);
  if (thread < 16u) {
    let index = n0 + 4u * (thread / 2u);
    let k = k_begin + 4u * (thread % 2u);
    b_next0_0 = load_b(b_start, index, k, k_end);
    b_next0_1 = load_b(b_start, index + 1u, k, k_end);
    b_next0_2 = load_b(b_start, index + 2u, k, k_end);
    b_next0_3 = load_b(b_start, index + 3u, k, k_end);
  }
  for (var k0 = k_begin; k0 < k_end; k0 += 8u) {
    // Registers into workgroup memory, then the next tiles into registers.
    if (thread < 16u) {
      let at = 4u * (thread % 2u) * 9u + thread / 2u;
      tile_a[at + 0u] = vec4<f32>(a_next0_0.x, a_next0_1.x, a_next0_2.x, a_next0_3.x);
      tile_a[at + 9u] = vec4<f32>(a_next0_0.y, a_next0_1.y, a_next0_2.y, a_next0_3.y);
      tile_a[at + 18u] = vec4<f32>(a_next0_0.z, a_next0_1.z, a_next0_2.z, a_next0_3.z);
      tile_a[at + 27u] = vec4<f32>(a_next0_0.w, a_next0_1.w, a_next0_2.w, a_next0_3.w);
    }
    if (thread < 16u) {
      let at = 4u * (thread % 2u) * 9u + thread / 2u;
      tile_b[at + 0u] = vec4<f32>(b_next0_0.x, b_next0_1.x, b_next0_2.x, b_next0_3.x);
      tile_b[at + 9u] = vec4<f32>(b_next0_0.y, b_next0_1.y, b_next0_2.y, b_next0_3.y);
      tile_b[at + 18u] = vec4<f32>(b_next0_0.z, b_next0_1.z, b_next0_2.z, b_next0_3.z);
      tile_b[at + 27u] = vec4<f32>(b_next0_0.w, b_next0_1.w, b_next0_2.w, b_next0_3.w);
    }
    workgroupBarrier();
    if (thread < 16u) {
      let index = m0 + 4u * (thread / 2u);
      let k = k0 + 8u + 4u * (thread % 2u);
      a_next0_0 = load_a(a_start, index, k, k_end);
      a_next0_1 = load_a(a_start, index + 1u, k, k_end);
      a_next0_2 = load_a(a_start, index + 2u, k, k_end);
      a_next0_3 = load_a(a_start, index + 3u, k, k_end);
    }
    if (thread < 16u) {
      let index = n0 + 4u * (thread / 2u);
      let k = k0 + 8u + 4u * (thread % 2u);
      b_next0_0 = load_b(b_start, index, k, k_end);
      b_next0_1 = load_b(b_start, index + 1u, k, k_end);
      b_next0_2 = load_b(b_start, index + 2u, k, k_end);
      b_next0_3 = load_b(b_start, index + 3u, k, k_end);
    }
    for (var k = 0u; k < 8u; k += 4u) {
      let a_at = k * 9u + row_group;
      let b_at = k * 9u + column_group;
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
        let b0 = tile_b[b_at + 9u];
        c0_0 = fma(vec4<f32>(a0.x), b0, c0_0);
        c1_0 = fma(vec4<f32>(a0.y), b0, c1_0);
        c2_0 = fma(vec4<f32>(a0.z), b0, c2_0);
        c3_0 = fma(vec4<f32>(a0.w), b0, c3_0);
      }
      {
        let a0 = tile_a[a_at + 18u];
        let b0 = tile_b[b_at + 18u];
        c0_0 = fma(vec4<f32>(a0.x), b0, c0_0);
        c1_0 = fma(vec4<f32>(a0.y), b0, c1_0);
        c2_0 = fma(vec4<f32>(a0.z), b0, c2_0);
        c3_0 = fma(vec4<f32>(a0.w), b0, c3_0);
      }
      {
        let a0 = tile_a[a_at + 27u];
        let b0 = tile_b[b_at + 27u];
        c0_0 = fma(vec4<f32>(a0.x), b0, c0_0);
        c1_0 = fma(vec4<f32>(a0.y), b0, c1_0);
        c2_0 = fma(vec4<f32>(a0.z), b0, c2_0);
        c3_0 = fma(vec4<f32>(a0.w), b0, c3_0);
      }
    }
    workgroupBarrier();
  }
  draw_masks(m0, n0, thread);
  workgroupBarrier();

  store_c(c_start, m0 + 4u * (row_group + 0u) + 0u, n0 + 4u * (column_group + 0u), c0_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 1u, n0 + 4u * (column_group + 0u), c1_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 2u, n0 + 4u * (column_group + 0u), c2_0);
  store_c(c_start, m0 + 4u * (row_group + 0u) + 3u, n0 + 4u * (column_group + 0u), c3_0);
}
