// The branch as it is.
struct Scalars { count: u32, first: u32 }

fn branch(j: u32) -> Numbers {
  return Numbers(x[j]);
}
