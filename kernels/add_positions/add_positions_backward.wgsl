// dp[j, c] = sum over the batch columns b of dy[j, b, c], in order.
// dy: [J, B, columns], dp: [J, columns].
alias Value = f32;
struct Scalars { count: u32, B: u32, columns: u32 }
@group(0) @binding(0) var<storage, read> dy: array<Value>;
@group(0) @binding(1) var<storage, read_write> dp: array<Value>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i >= scalars.count) {
    return;
  }
  let first = i / scalars.columns * scalars.B * scalars.columns + i % scalars.columns;
  var sum = 0.0;
  for (var b = 0u; b < scalars.B; b++) {
    sum += f32(dy[first + b * scalars.columns]);
  }
  dp[i] = Value(sum);
}

