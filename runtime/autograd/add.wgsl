// c = a + b, elementwise.
alias Value = f32;
struct Scalars { count: u32 }
@group(0) @binding(0) var<storage, read> a: array<Value>;
@group(0) @binding(1) var<storage, read> b: array<Value>;
@group(0) @binding(2) var<storage, read_write> c: array<Value>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    c[i] = Value(f32(a[i]) + f32(b[i]));
  }
}
