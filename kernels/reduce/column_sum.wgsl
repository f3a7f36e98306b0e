// y[g, c] = sum over the rows r of block g of x[r, c].  x: [R, C], y: [ceil(R / block), C].
// One lane per column and block, rows in order, so that the sum is the same in every run.
// R = ceil(rows / per): the second level of a two-level sum counts the blocks of the first.
struct Scalars { rows: u32, per: u32, columns: u32, block: u32, accumulate: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
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
    sum += (x[i] + x[i + scalars.columns])
      + (x[i + 2u * scalars.columns] + x[i + 3u * scalars.columns]);
  }
  for (; row < end; row++) {
    sum += x[row * scalars.columns + column];
  }
  let at = id.y * scalars.columns + column;
  if (scalars.accumulate == 1u) {
    sum += y[at];
  }
  y[at] = sum;
}
