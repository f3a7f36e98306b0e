// C[m,n] += alpha * sum_k A[m,k] * B[n,k]
// Work split: 4 subgroups own a 32 x 32 tile, 16 x 16 each.
// c<i>_<j>: sums of matrix i, j of a subgroup, 8 x 8.

enable f16;
enable chromium_experimental_subgroup_matrix;
// Subgroups load from places of their own, at the same time.
diagnostic(off, chromium.subgroup_matrix_uniformity);

alias Left = subgroup_matrix_left<f16, 8, 8>;
alias Right = subgroup_matrix_right<f16, 8, 8>;
alias Sums = subgroup_matrix_result<f32, 8, 8>;
alias Value = f32;
alias Out = f32;
alias Octet = vec4<u32>;
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

@group(0) @binding(0) var<storage, read> a: array<Octet>;
@group(0) @binding(1) var<storage, read> b: array<Octet>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4<Out>>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

// Tiles of a and b; afterwards a row of matrices of every subgroup.
var<workgroup> tiles: array<Octet, 192>;

fn store_c(start: u32, row: u32, column: u32, sum: vec4<f32>) {
  if (row < scalars.M && column < scalars.N) {
    let at = (start + row * scalars.ldc + column) / 4u;
    c[at] = vec4<Out>(vec4<f32>(c[at]) + scalars.alpha * sum);
  }
}

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_id) subgroup: u32,
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
  let row0 = subgroup / 2u * 16u;
  let column0 = subgroup % 2u * 16u;
  var c0_0: Sums;
  var c0_1: Sums;
  var c1_0: Sums;
  var c1_1: Sums;
  let a_row = scalars.lda / 8u;
  let b_row = scalars.ldb / 8u;

  // First tiles into registers.
  var a_next0 = Octet();
  var a_next0_at = 0u;
  var a_next0_k = 0u;
  var a_next1 = Octet();
  var a_next1_at = 0u;
  var a_next1_k = 0u;
  var b_next0 = Octet();
  var b_next0_at = 0u;
  var b_next0_k = 0u;
  var b_next1 = Octet();
  var b_next1_at = 0u;
  var b_next1_k = 0u;
  {
    let index = min(m0 + thread / 2u, scalars.M - 1u);
    let k = k_begin + 8u * (thread % 2u);
    a_next0_at = (a_start + index * scalars.lda + k) / 8u;
    a_next0_k = k;
  }
  {
    let index = min(m0 + (thread + 32u) / 2u, scalars.M - 1u);
    let k = k_begin + 8u * ((thread + 32u) % 2u);
    a_next1_at = (a_start + index * scalars.lda + k) / 8u;
    a_next1_k = k;
  }
  {
    let index = min(n0 + thread / 2u, scalars.N - 1u);
    let k = k_begin + 8u * (thread % 2u);
    b_next0_at = (b_start + index * scalars.ldb + k) / 8u;
    b_next0_k = k;
  }
  {
    let index = min(n0 + (thread + 32u) / 2u, scalars.N - 1u);
    let k = k_begin + 8u * ((thread + 32u) % 2u);
    b_next1_at = (b_start + index * scalars.ldb + k) / 8u;
    b_next1_k = k;
  }
  {
    if (a_next0_k < k_end) {
      a_next0 = a[a_next0_at];
    } else {
      a_next0 = Octet();
    }
  }
  {
    if (a_next1_k < k_end) {
      a_next1 = a[a_next1_at];
    } else {
      a_next1 = Octet();
    }
  }
  {
    if (b_next0_k < k_end) {
      b_next0 = b[b_next0_at];
    } else {
      b_next0 = Octet();
    }
  }
  {
    if (b_next1_k < k_end) {
      b_next1 = b[b_next1_at];
    } else {
      b_next1 = Octet();
    }
  }
  for (var k0 = k_begin; k0 < k_end; k0 += 16u) {
    // Registers into workgroup memory, then the next tiles into registers.
    {
      tiles[thread / 2u * 3u + thread % 2u] = a_next0;
    }
    {
      tiles[(thread + 32u) / 2u * 3u + (thread + 32u) % 2u] = a_next1;
    }
    {
      tiles[96u + thread / 2u * 3u + thread % 2u] = b_next0;
    }
    {
      tiles[96u + (thread + 32u) / 2u * 3u + (thread + 32u) % 2u] = b_next1;
    }
    workgroupBarrier();
    if (k0 + 16u < k_end) {
      {
        a_next0_at += 2u;
        a_next0_k += 16u;
        if (a_next0_k < k_end) {
          a_next0 = a[a_next0_at];
        } else {
          a_next0 = Octet();
        }
      }
      {
        a_next1_at += 2u;
        a_next1_k += 16u;
        if (a_next1_k < k_end) {
          a_next1 = a[a_next1_at];
        } else {
          a_next1 = Octet();
        }
      }
      {
        b_next0_at += 2u;
        b_next0_k += 16u;
        if (b_next0_k < k_end) {
          b_next0 = b[b_next0_at];
        } else {
          b_next0 = Octet();
        }
      }
      {
        b_next1_at += 2u;
        b_next1_k += 16u;
        if (b_next1_k < k_end) {
          b_next1 = b[b_next1_at];
        } else {
          b_next1 = Octet();
        }
      }
    }
    {
      let a0 = subgroupMatrixLoad<Left, row_major>(&tiles, 0u + row0 * 3u, 3u);
      let a8 = subgroupMatrixLoad<Left, row_major>(&tiles, 24u + row0 * 3u, 3u);
      let b0 = subgroupMatrixLoad<Right, col_major>(&tiles, 96u + column0 * 3u, 3u);
      let b8 = subgroupMatrixLoad<Right, col_major>(&tiles, 120u + column0 * 3u, 3u);
      c0_0 = subgroupMatrixMultiplyAccumulate(a0, b0, c0_0);
      c0_1 = subgroupMatrixMultiplyAccumulate(a0, b8, c0_1);
      c1_0 = subgroupMatrixMultiplyAccumulate(a8, b0, c1_0);
      c1_1 = subgroupMatrixMultiplyAccumulate(a8, b8, c1_1);
    }
    {
      let a0 = subgroupMatrixLoad<Left, row_major>(&tiles, 1u + row0 * 3u, 3u);
      let a8 = subgroupMatrixLoad<Left, row_major>(&tiles, 25u + row0 * 3u, 3u);
      let b0 = subgroupMatrixLoad<Right, col_major>(&tiles, 97u + column0 * 3u, 3u);
      let b8 = subgroupMatrixLoad<Right, col_major>(&tiles, 121u + column0 * 3u, 3u);
      c0_0 = subgroupMatrixMultiplyAccumulate(a0, b0, c0_0);
      c0_1 = subgroupMatrixMultiplyAccumulate(a0, b8, c0_1);
      c1_0 = subgroupMatrixMultiplyAccumulate(a8, b0, c1_0);
      c1_1 = subgroupMatrixMultiplyAccumulate(a8, b8, c1_1);
    }
    workgroupBarrier();
  }

  {
    subgroupMatrixStore<row_major>(&tiles, subgroup * 32u + 0u, c0_0, 4u);
    subgroupMatrixStore<row_major>(&tiles, subgroup * 32u + 2u, c0_1, 4u);
    workgroupBarrier();
    for (var turn = 0u; turn < 4u; turn++) {
      let item = thread + turn * 32u;
      let owner = item / 32u;
      let row = m0 + owner / 2u * 16u + 0u + item % 32u / 4u;
      let column = n0 + owner % 2u * 16u + item % 4u * 4u;
      store_c(c_start, row, column, bitcast<vec4<f32>>(tiles[item]));
    }
    workgroupBarrier();
  }
  {
    subgroupMatrixStore<row_major>(&tiles, subgroup * 32u + 0u, c1_0, 4u);
    subgroupMatrixStore<row_major>(&tiles, subgroup * 32u + 2u, c1_1, 4u);
    workgroupBarrier();
    for (var turn = 0u; turn < 4u; turn++) {
      let item = thread + turn * 32u;
      let owner = item / 32u;
      let row = m0 + owner / 2u * 16u + 8u + item % 32u / 4u;
      let column = n0 + owner % 2u * 16u + item % 4u * 4u;
      store_c(c_start, row, column, bitcast<vec4<f32>>(tiles[item]));
    }
  }
}
