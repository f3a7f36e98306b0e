// dx = dy where y = max(0, x) is positive, else 0.
alias Value = f32;
struct Scalars { count: u32 }
@group(0) @binding(0) var<storage, read> y: array<Value>;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read_write> dx: array<Value>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    dx[i] = select(Value(0.0), dy[i], y[i] > Value(0.0));
  }
}
