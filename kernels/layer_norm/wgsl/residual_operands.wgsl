// Operands of layer norm of a sum; what forms the sum comes after this text.
alias Value = f32;
@group(0) @binding(0) var<storage, read> x: array<Item>;
@group(0) @binding(1) var<storage, read> gain: array<Item>;
@group(0) @binding(2) var<storage, read> bias: array<Item>;
@group(0) @binding(3) var<storage, read_write> y: array<Item>;
@group(0) @binding(4) var<storage, read_write> stats: array<f32>;
@group(0) @binding(6) var<storage, read> residual: array<Item>;
@group(0) @binding(7) var<storage, read_write> z: array<Item>;

fn z_again(i: u32) -> Numbers {
  return Numbers(z[i]);
}
