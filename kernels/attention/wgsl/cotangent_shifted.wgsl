// The cotangent of a score, by key and by distance: dx[n, i, b, j + Q-1-i] = ds[b, n, i, j], 0
// where no key has that distance or it is hidden. Key i + M is at distance 0, the last column, so
// only the front of a row of dx is left to clear.
@group(0) @binding(0) var<storage, read> p: array<Value>;
@group(0) @binding(1) var<storage, read> out: array<Value>;
@group(0) @binding(2) var<storage, read> d_out: array<Value>;
@group(0) @binding(3) var<storage, read_write> ds: array<Value>;
@group(0) @binding(4) var<storage, read_write> dx: array<Value>;
@group(0) @binding(5) var<uniform> scalars: Scalars;

fn store(key: u32, position: u32, value: Value) {
  ds[key] = value;
  dx[position] = value;
}

fn clear_front(x0: u32, columns: u32, lane: u32) {
  for (var j = lane; j < columns; j += LANES) {
    dx[x0 + j] = Value(0.0);
  }
}

