// The cotangent of z = drop(x) + residual is that of the residual, and after the dropout that of
// x.
struct Scalars {
  rows: u32, columns: u32,
  seed: u32, step: u32, stream: u32, site: u32, threshold: u32, factor: f32,
}
@group(0) @binding(6) var<storage, read_write> dx: array<Item>;

fn first_row() -> u32 {
  return 0u;
}

fn store_dz(i: u32, row: u32, c: u32, value: Numbers) {
  dz[i] = Item(value);
  dx[i] = Item(drop(value, row, c));
}
