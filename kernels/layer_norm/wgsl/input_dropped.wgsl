// z = drop(x) + residual: formed once and kept, for the later passes of this kernel and for
// backward.
struct Scalars {
  rows: u32, columns: u32, eps: f32,
  seed: u32, step: u32, stream: u32, site: u32, threshold: u32, factor: f32,
}

fn first_z(i: u32, row: u32, c: u32) -> Numbers {
  let sum = drop(Numbers(x[i]), row, c) + Numbers(residual[i]);
  z[i] = Item(sum);
  return sum;
}
