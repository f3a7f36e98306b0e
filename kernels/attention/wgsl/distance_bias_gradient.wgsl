// db[p, n] = sum over the rows r of dx[n, r, p], in order. dx: [N, R, K], db: [K, N].
// One lane per column of dx, so that neighbours load neighbours.
alias Value = f32;
struct Scalars { R: u32, N: u32, K: u32 }
@group(0) @binding(0) var<storage, read> dx: array<Value>;
@group(0) @binding(1) var<storage, read_write> db: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let p = id.x;
  let n = id.y;
  if (p >= scalars.K) {
    return;
  }
  var sum = 0.0;
  for (var row = n * scalars.R; row < (n + 1u) * scalars.R; row++) {
    sum += f32(dx[row * scalars.K + p]);
  }
  db[p * scalars.N + n] = Value(sum);
}

