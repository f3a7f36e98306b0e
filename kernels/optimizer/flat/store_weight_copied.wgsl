// A master weight, and its copy as kernels bind it.
alias Copy = f32;
@group(0) @binding(7) var<storage, read_write> copies: array<Copy>;

fn store_weight(i: u32, value: f32) {
  weights[i] = value;
  copies[i] = Copy(value);
}

