// y = the items of a, then those of b; a has `first` of them, y `count`.
alias Value = f32;
struct Scalars { count: u32, first: u32 }
@group(0) @binding(0) var<storage, read> a: array<Item>;
@group(0) @binding(1) var<storage, read> b: array<Item>;
@group(0) @binding(2) var<storage, read_write> y: array<Item>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i >= scalars.count) {
    return;
  }
  if (i < scalars.first) {
    y[i] = a[i];
  } else {
    y[i] = b[i - scalars.first];
  }
}
