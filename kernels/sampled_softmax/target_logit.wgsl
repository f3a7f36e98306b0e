// logit[r] = hidden[r] . rows[r] + bias[r] - log_expected[targets[r]]: the target's logit, less the
// logarithm of its expected count; 0 where the target is IGNORED.
// hidden, rows: [R, width], bias, targets, logit: [R], log_expected: [V].
// One workgroup per row; its lanes take every LANES-th column and combine in a tree of fixed order.
override LANES: u32;
alias Value = f32;
struct Scalars { count: u32, width: u32 }
@group(0) @binding(0) var<storage, read> hidden: array<Value>;
@group(0) @binding(1) var<storage, read> rows: array<Value>;
@group(0) @binding(2) var<storage, read> bias: array<Value>;
@group(0) @binding(3) var<storage, read> targets: array<u32>;
@group(0) @binding(4) var<storage, read> log_expected: array<f32>;
@group(0) @binding(5) var<storage, read_write> logit: array<f32>;
@group(0) @binding(6) var<uniform> scalars: Scalars;

const IGNORED = 0xffffffffu;
var<workgroup> sums: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x;
  if (row >= scalars.count) {
    return;
  }
  let begin = row * scalars.width;
  var sum = 0.0;
  for (var at = begin + lane; at < begin + scalars.width; at += LANES) {
    sum += f32(hidden[at]) * f32(rows[at]);
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var reach = LANES / 2u; reach > 0u; reach /= 2u) {
    if (lane < reach) {
      sums[lane] += sums[lane + reach];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let id = targets[row];
    let known = id != IGNORED;
    let expected = log_expected[select(0u, id, known)];
    logit[row] = select(0.0, (sums[0] + f32(bias[row])) - expected, known);
  }
}
