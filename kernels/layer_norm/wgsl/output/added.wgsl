// The cotangent of z with that of its other uses, `skip`; rows of dy, z and stats before `first`
// have none.
struct Scalars { rows: u32, columns: u32, first: u32 }
@group(0) @binding(6) var<storage, read> skip: array<Item>;

fn first_row() -> u32 {
  return scalars.first;
}

fn store_dz(i: u32, _row: u32, _c: u32, value: Numbers) {
  dz[i] = Item(value + Numbers(skip[i]));
}
