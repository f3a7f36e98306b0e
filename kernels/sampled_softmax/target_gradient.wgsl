// Gradients through the target's logit, whose own is dlogit: dhidden[r] += dlogit[r] * rows[r];
// rows[r] := dlogit[r] * hidden[r] and bias[r] := dlogit[r] become those of its row and bias.
// hidden, rows, dhidden: [R, width], bias, dlogit: [R]. One element per lane.
alias Value = f32;
struct Scalars { count: u32, width: u32 }
@group(0) @binding(0) var<storage, read> hidden: array<Value>;
@group(0) @binding(1) var<storage, read> dlogit: array<f32>;
@group(0) @binding(2) var<storage, read_write> rows: array<Value>;
@group(0) @binding(3) var<storage, read_write> bias: array<Value>;
@group(0) @binding(4) var<storage, read_write> dhidden: array<Value>;
@group(0) @binding(5) var<uniform> scalars: Scalars;

fn element(i: u32) {
  if (i < scalars.count) {
    let row = i / scalars.width;
    let d = dlogit[row];
    dhidden[i] = Value(f32(dhidden[i]) + d * f32(rows[i]));
    rows[i] = Value(d * f32(hidden[i]));
    if (i % scalars.width == 0u) {
      bias[row] = Value(d);
    }
  }
}
