// Softmax over the target and the sampled columns, each logit less the logarithm of its expected
// count (the target's already is):
//   nll = log(exp(t) + sum_c exp(x_c)) - t,    x_c = logits_c - log_expected[samples_c]
// and in place logits_c := weight * softmax_c, target_logit := weight * (softmax_t - 1), with
// weight = scalars.weight * loss_scale. A sample equal to the target (an accidental hit) does not
// take part.
// logits: [chunk, stride], of which `columns` count; targets, target_logit, nll: [R], at `base` +
// row of the chunk; samples: [stride], log_expected: [V].
//
// One workgroup per row; a lane takes every LANES-th column, and softmax_lanes.wgsl before this
// text combines the lanes. Rows with target IGNORED have nll 0 and become zeros.
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
@group(0) @binding(1) var<storage, read> samples: array<u32>;
@group(0) @binding(2) var<storage, read> log_expected: array<f32>;
@group(0) @binding(3) var<storage, read_write> logits: array<Value>;
@group(0) @binding(4) var<storage, read_write> target_logit: array<f32>;
@group(0) @binding(5) var<storage, read_write> nll: array<f32>;
@group(0) @binding(6) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(7) var<uniform> scalars: Scalars;

const IGNORED = 0xffffffffu;
const HIDDEN = -1e30;

fn corrected(begin: u32, column: u32, goal: u32) -> f32 {
  let id = samples[column];
  return select(f32(logits[begin + column]) - log_expected[id], HIDDEN, id == goal);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  if (group.x >= scalars.rows) {
    return;
  }
  let row = scalars.base + group.x;
  let columns = scalars.columns;
  let begin = group.x * scalars.stride;
  let goal = targets[row];
  if (goal == IGNORED) {
    if (scalars.differentiate == 1u) {
      for (var column = lane; column < columns; column += LANES) {
        logits[begin + column] = Value(0.0);
      }
    }
    if (lane == 0u) {
      nll[row] = 0.0;
      target_logit[row] = 0.0;
    }
    return;
  }

  let own = target_logit[row];
  var largest = select(HIDDEN, own, lane == 0u); // the first lane has the target
  var sum = select(0.0, 1.0, lane == 0u);
  for (var column = lane; column < columns; column += LANES) {
    let x = corrected(begin, column, goal);
    if (x > largest) {
      sum *= exact_exp(largest - x);
      largest = x;
    }
    sum += exact_exp(x - largest);
  }
  combine_lanes(lane, largest, sum);
  largest = maxima[0];
  sum = sums[0];
  if (lane == 0u) {
    nll[row] = log(sum) + (largest - own);
  }
  if (scalars.differentiate == 0u) {
    return;
  }

  let weight = scalars.weight * loss_scale[0];
  let factor = weight / sum;
  for (var column = lane; column < columns; column += LANES) {
    logits[begin + column] = Value(factor * exact_exp(corrected(begin, column, goal) - largest));
  }
  if (lane == 0u) {
    target_logit[row] = factor * exact_exp(own - largest) - weight;
  }
}
