// y[y_start + r, c] = x[r + x_start - x_back, c] for the rows r of one copy, zero outside of x.
// x: [x_rows, C], y: [.., C], count = rows of the copy * C, where C counts items. Appending,
// slicing (x_start), padding with zeros (x_back) and updates of a memory. Rows before the first
// wrap to huge numbers, so that one comparison finds both ends.
alias Value = f32;
struct Scalars {
  count: u32, columns: u32, x_rows: u32, x_start: u32, x_back: u32, y_start: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> y: array<Item>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i >= scalars.count) {
    return;
  }
  let source = i + (scalars.x_start - scalars.x_back) * scalars.columns;
  var value = Item();
  if (source < scalars.x_rows * scalars.columns) {
    value = x[source];
  }
  y[i + scalars.y_start * scalars.columns] = value;
}
