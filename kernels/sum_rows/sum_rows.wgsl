// y[g, c] = sum over the rows r of block g of x[r, c].  x: [R, C], y: [ceil(R / block), C].
// One lane per column and block, rows in order, so that the sum is the same in every run.
// R = ceil(rows / per): the second level of a two-level sum counts the blocks of the first.
alias Value = f32;
alias Sum = f32;
struct Scalars { rows: u32, per: u32, columns: u32, block: u32, accumulate: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> y: array<Sum>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x;
  if (column >= scalars.columns) {
    return;
  }
  let rows = (scalars.rows + scalars.per - 1u) / scalars.per;
  let end = min(rows, (id.y + 1u) * scalars.block);
  var sum = 0.0;
  var row = id.y * scalars.block;
  for (; row + 3u < end; row += 4u) { // four loads under way at a time
    let i = row * scalars.columns + column;
    sum += (f32(x[i]) + f32(x[i + scalars.columns])) +
      (f32(x[i + 2u * scalars.columns]) + f32(x[i + 3u * scalars.columns]));
  }
  for (; row < end; row++) {
    sum += f32(x[row * scalars.columns + column]);
  }
  let at = id.y * scalars.columns + column;
  if (scalars.accumulate == 1u) {
    sum += f32(y[at]);
  }
  y[at] = Sum(sum);
}
