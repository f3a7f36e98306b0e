// partials[at + b * C + c] = sum over the rows r of block b of x[r, c]. x: [R, C], blocks of
// `block` rows. One lane per item of a row and block, rows in order: the same sum in every run.
alias Value = f32;
struct Scalars { rows: u32, columns: u32, block: u32, at: u32 }
@group(0) @binding(0) var<storage, read> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> partials: array<Numbers>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let columns = scalars.columns;
  let column = id.x;
  if (column >= columns) {
    return;
  }
  let end = min(scalars.rows, (id.y + 1u) * scalars.block);
  var sum = Numbers();
  var row = id.y * scalars.block;
  for (; row + 3u < end; row += 4u) { // four loads under way at a time
    let i = row * columns + column;
    sum += (Numbers(x[i]) + Numbers(x[i + columns])) +
      (Numbers(x[i + 2u * columns]) + Numbers(x[i + 3u * columns]));
  }
  for (; row < end; row++) {
    sum += Numbers(x[row * columns + column]);
  }
  partials[scalars.at + id.y * columns + column] = sum;
}
