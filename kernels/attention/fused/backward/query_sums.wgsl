// Sums over parts of the cotangents of queries by key and by position, and their sum:
// dq[r, c] = sum over parts of sums[part, 0, r, c] + sums[part, 1, r, c]. sums: [parts, 2, R, C],
// dq: [R, C]. First level of the gradients of the biases that were added to q:
// partials[u_at + b * C + c] = the sum over the rows r of block b of what is by key, and of what is
// by position from s_at on. One lane per item of a row and block; rows in order.
alias Value = f32;
struct Scalars { parts: u32, rows: u32, columns: u32, block: u32, u_at: u32, s_at: u32 }
@group(0) @binding(0) var<storage, read> sums: array<Numbers>;
@group(0) @binding(1) var<storage, read_write> dq: array<Item>;
@group(0) @binding(2) var<storage, read_write> partials: array<Numbers>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = scalars.columns;
  let c = id.x;
  if (c >= columns) {
    return;
  }
  let size = scalars.rows * columns;
  let end = min(scalars.rows, (id.y + 1u) * scalars.block);
  var u_sum = Numbers();
  var s_sum = Numbers();
  for (var row = id.y * scalars.block; row < end; row++) {
    let i = row * columns + c;
    var by_key = Numbers();
    var by_position = Numbers();
    for (var part = 0u; part < scalars.parts; part++) {
      by_key += sums[2u * part * size + i];
      by_position += sums[(2u * part + 1u) * size + i];
    }
    u_sum += by_key;
    s_sum += by_position;
    dq[i] = Item(by_key + by_position);
  }
  let at = id.y * columns + c;
  partials[scalars.u_at + at] = u_sum;
  partials[scalars.s_at + at] = s_sum;
}
