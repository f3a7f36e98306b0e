// x = x * factors[n], elementwise, for matrix n of a batch of matrices with `size` elements each.
struct Scalars { count: u32, size: u32 }
@group(0) @binding(0) var<storage, read> factors: array<f32>;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    x[i] *= factors[i / scalars.size];
  }
}
