// The rule of the dynamic loss scale, after an update:
//   skipped:  scale = scale / 2, good = 0, skipped in a row + 1
//   made:     skipped in a row = 0, good + 1; at `window` good ones scale = min(2 scale, most),
//             good = 0
// state = {scale, good updates since the scale changed, skipped updates in a row}; now = {scale}.
// With window 0 the scale stays as it is. One invocation.
struct Scalars { window: f32, most: f32 }
@group(0) @binding(0) var<storage, read> applied: array<f32>;
@group(0) @binding(1) var<storage, read_write> state: array<f32>;
@group(0) @binding(2) var<storage, read_write> now: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

@compute @workgroup_size(1)
fn main() {
  var scale = state[0];
  var good = state[1];
  var skipped = state[2];
  if (applied[0] == 0.0) {
    skipped += 1.0;
    good = 0.0;
    if (scalars.window > 0.0) {
      scale *= 0.5;
    }
  } else {
    skipped = 0.0;
    good += 1.0;
    if (good == scalars.window) {
      scale = min(2.0 * scale, scalars.most);
      good = 0.0;
    }
  }
  state[0] = scale;
  state[1] = good;
  state[2] = skipped;
  now[0] = scale;
}
