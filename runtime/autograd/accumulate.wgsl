// sum += x, elementwise.
alias Value = f32;
alias Sum = f32;
struct Scalars { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> sum: array<Sum>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    sum[i] = Sum(f32(sum[i]) + f32(x[i]));
  }
}
