// nll = log(sum_v exp(x_v)) - x_target, and in place x := (softmax(x) - onehot(target)) * weight,
// with weight = scalars.weight * loss_scale.
// logits: [chunk, stride], of which `columns` count and the others, fewer than LANES, become 0 in a
// gradient; targets, nll: [R], at `base` + row of the chunk.
//
// One workgroup per row. A lane takes every LANES-th column, eight at a time, and keeps a running
// maximum and the sum of exponentials relative to it (one rescaling per eight columns).
// softmax_lanes.wgsl before this text combines the lanes. A second walk forms the gradient. Rows
// with target IGNORED have nll 0 and become zeros.
override LANES: u32;
alias Value = f32;

struct Scalars {
  rows: u32,
  base: u32,
  columns: u32,
  stride: u32,
  weight: f32,
  differentiate: u32,
}
@group(0) @binding(0) var<storage, read> targets: array<u32>;
@group(0) @binding(1) var<storage, read_write> logits: array<Value>;
@group(0) @binding(2) var<storage, read_write> nll: array<f32>;
@group(0) @binding(3) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(4) var<uniform> scalars: Scalars;

const IGNORED = 0xffffffffu;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x;
  if (row >= scalars.rows) {
    return;
  }
  let columns = scalars.columns;
  let begin = row * scalars.stride;
  let end = begin + columns;
  let goal = targets[scalars.base + row];
  if (scalars.differentiate == 1u && lane < scalars.stride - columns) {
    logits[end + lane] = Value(0.0);
  }
  if (goal == IGNORED) {
    if (scalars.differentiate == 1u) {
      for (var at = begin + lane; at < end; at += LANES) {
        logits[at] = Value(0.0);
      }
    }
    if (lane == 0u) {
      nll[scalars.base + row] = 0.0;
    }
    return;
  }

  // First walk. Every lane has eight columns in each strip before `strips`.
  let strips = begin + columns - columns % (8u * LANES);
  var largest = -1e30;
  var sum = 0.0;
  var at = begin + lane;
  for (; at < strips; at += 8u * LANES) {
    let x0 = f32(logits[at]);
    let x1 = f32(logits[at + LANES]);
    let x2 = f32(logits[at + 2u * LANES]);
    let x3 = f32(logits[at + 3u * LANES]);
    let x4 = f32(logits[at + 4u * LANES]);
    let x5 = f32(logits[at + 5u * LANES]);
    let x6 = f32(logits[at + 6u * LANES]);
    let x7 = f32(logits[at + 7u * LANES]);
    let before = largest;
    largest = max(
      largest,
      max(max(max(x0, x1), max(x2, x3)), max(max(x4, x5), max(x6, x7))),
    );
    let low = exact_exp(x0 - largest) + exact_exp(x1 - largest) +
      exact_exp(x2 - largest) + exact_exp(x3 - largest);
    let high = exact_exp(x4 - largest) + exact_exp(x5 - largest) +
      exact_exp(x6 - largest) + exact_exp(x7 - largest);
    sum = sum * exact_exp(before - largest) + (low + high);
  }
  for (; at < end; at += LANES) {
    let x = f32(logits[at]);
    let before = largest;
    largest = max(largest, x);
    sum = sum * exact_exp(before - largest) + exact_exp(x - largest);
  }
  let x_goal = f32(logits[begin + goal]); // before any lane overwrites it
  combine_lanes(lane, largest, sum);
  largest = maxima[0];
  sum = sums[0];
  if (lane == 0u) {
    nll[scalars.base + row] = log(sum) + (largest - x_goal);
  }
  if (scalars.differentiate == 0u) {
    return;
  }

  // Second walk. The lane that owns the target's column writes it again, with the one taken off:
  // the difference is rounded once.
  let weight = scalars.weight * loss_scale[0];
  let factor = weight / sum;
  let quads = begin + columns - columns % (4u * LANES);
  at = begin + lane;
  for (; at < quads; at += 4u * LANES) {
    let x0 = f32(logits[at]);
    let x1 = f32(logits[at + LANES]);
    let x2 = f32(logits[at + 2u * LANES]);
    let x3 = f32(logits[at + 3u * LANES]);
    logits[at] = Value(factor * exact_exp(x0 - largest));
    logits[at + LANES] = Value(factor * exact_exp(x1 - largest));
    logits[at + 2u * LANES] = Value(factor * exact_exp(x2 - largest));
    logits[at + 3u * LANES] = Value(factor * exact_exp(x3 - largest));
  }
  for (; at < end; at += LANES) {
    logits[at] = Value(factor * exact_exp(f32(logits[at]) - largest));
  }
  if (goal % LANES == lane) {
    logits[begin + goal] = Value(factor * exact_exp(x_goal - largest) - weight);
  }
}
