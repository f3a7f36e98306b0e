// y[j, c] = x[R-1 - min(max(newest - j, 0), maxDistance), c]: the rows of a table by distance.
// x: [R, columns], y: [rows, columns].
alias Value = f32;
struct Scalars { count: u32, columns: u32, R: u32, newest: u32, maxDistance: u32 }
@group(0) @binding(0) var<storage, read> x: array<Value>;
@group(0) @binding(1) var<storage, read_write> y: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    let j = min(i / scalars.columns, scalars.newest);
    let distance = min(scalars.newest - j, scalars.maxDistance);
    y[i] = x[(scalars.R - 1u - distance) * scalars.columns + i % scalars.columns];
  }
}

