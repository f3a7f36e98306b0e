// square = square + linear * gram + unit * I, elementwise, for a batch of matrices of `side` rows
// and columns: the polynomial of a Newton-Schulz step from its square term.
struct Scalars { count: u32, side: u32, linear: f32, unit: f32 }
@group(0) @binding(0) var<storage, read> gram: array<f32>;
@group(0) @binding(1) var<storage, read_write> square: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    let row = i / scalars.side % scalars.side;
    let diagonal = select(0.0, scalars.unit, row == i % scalars.side);
    square[i] += scalars.linear * gram[i] + diagonal;
  }
}
