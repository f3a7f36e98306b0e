// The cotangent of z = drop(x) + residual with that of its other uses, `skip`, and after the
// dropout that of x; rows of dy, z and stats before `first` have none.
struct Scalars {
  rows: u32, columns: u32, first: u32,
  seed: u32, step: u32, stream: u32, site: u32, threshold: u32, factor: f32,
}
@group(0) @binding(6) var<storage, read> skip: array<Item>;
@group(0) @binding(7) var<storage, read_write> dx: array<Item>;

fn first_row() -> u32 {
  return scalars.first;
}

fn store_dz(i: u32, row: u32, c: u32, value: Numbers) {
  let sum = value + Numbers(skip[i]);
  dz[i] = Item(sum);
  dx[i] = Item(drop(sum, row, c));
}
