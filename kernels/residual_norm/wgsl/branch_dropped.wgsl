// The branch after its dropout. x is one row for drop, whose items a lane passes in order.
struct Scalars {
  count: u32, first: u32, columns: u32,
  seed: u32, step: u32, stream: u32, site: u32, threshold: u32, factor: f32,
}

fn branch(j: u32) -> Numbers {
  return drop(Numbers(x[j]), 0u, j);
}
