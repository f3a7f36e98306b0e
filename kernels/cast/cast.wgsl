// y = x in another float width, rounded where it is narrower.
alias From = f32;
alias To = f32;
struct Scalars { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<From>;
@group(0) @binding(1) var<storage, read_write> y: array<To>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    y[i] = To(x[i]);
  }
}
