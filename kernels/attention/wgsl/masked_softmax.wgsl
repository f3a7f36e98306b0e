// p[b, n, i, j] = softmax over j of the scores, in place; 0 if hidden. p: [B, N, Q, K], content
// scores in, probabilities out. With positions, x[n, i, b, j + K-1 - (i+M)] is added to the score;
// x is [N, Q, B, K], and its column K-1-distance holds a distance. Key j lies at i + M - j from
// query i. Visible keys are one run, never empty:
// max(M - validMemory, i + M - maxDistance) <= j <= i + M.
//
// LANES lanes share a row, ROWS rows share a workgroup. Every lane keeps a running maximum m and
// z = sum exp(score - m) of its keys (first pass), the lanes of a row merge them in a fixed tree,
// and the second pass normalises. A lane normalises the keys it summed, so no barrier stands
// between. STORE_SCORES: the first pass leaves the sums in p. Where p would round them, the second
// pass adds them again, from strided loads that cost a CPU more than the store.
override LANES: u32;
override ROWS: u32;
override STORE_SCORES: u32;
alias Value = f32;
struct Scalars {
  rows: u32, B: u32, N: u32, Q: u32, K: u32, M: u32, validMemory: u32, maxDistance: u32,
}

var<workgroup> maxima: array<f32, LANES * ROWS>;
var<workgroup> sums: array<f32, LANES * ROWS>;

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let row = (group.y * groups.x + group.x) * ROWS + local.y;
  let lane = local.x;
  let live = row < scalars.rows;
  let i = row % scalars.Q;
  let n = (row / scalars.Q) % scalars.N;
  let b = row / (scalars.Q * scalars.N);
  let p0 = row * scalars.K;
  let last = i + scalars.M;
  let shift = scalars.K - 1u - last;
  let x0 = ((n * scalars.Q + i) * scalars.B + b) * scalars.K + shift;
  let oldest = scalars.M - min(scalars.M, scalars.validMemory);
  let first = max(oldest, last - min(last, scalars.maxDistance));
  let begin = select(0u, first, live);
  let end = select(0u, last + 1u, live);

  var m = -1e30;
  var z = 0.0;
  for (var j = begin + lane; j < end; j += LANES) {
    let score = score_at(p0 + j, x0 + j);
    if (STORE_SCORES == 1u) {
      p[p0 + j] = Value(score);
    }
    if (score > m) {
      z *= exact_exp(m - score);
      m = score;
    }
    z += exact_exp(score - m);
  }

  let at = local.y * LANES + lane;
  maxima[at] = m;
  sums[at] = z;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      let high = max(maxima[at], maxima[at + stride]);
      sums[at] = sums[at] * exact_exp(maxima[at] - high) +
        sums[at + stride] * exact_exp(maxima[at + stride] - high);
      maxima[at] = high;
    }
    workgroupBarrier();
  }
  m = maxima[local.y * LANES];
  let factor = 1.0 / sums[local.y * LANES];

  for (var j = begin + lane; j < end; j += LANES) {
    var score = f32(p[p0 + j]);
    if (STORE_SCORES == 0u) {
      score = score_at(p0 + j, x0 + j);
    }
    p[p0 + j] = Value(exact_exp(score - m) * factor);
  }
  for (var j = lane; j < begin; j += LANES) {
    p[p0 + j] = Value(0.0);
  }
  let columns = select(0u, scalars.K, live);
  for (var j = end + lane; j < columns; j += LANES) {
    p[p0 + j] = Value(0.0);
  }
}
