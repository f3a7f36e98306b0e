// Sum of one value per lane over the LANES lanes that share a row, as a tree in workgroup memory:
// the same in every run, and known to each of them. A workgroup holds ROWS rows. Called in uniform
// control flow. LANES is a power of two; at 1 (a processor: 8 rows per vector) nothing is
// exchanged.
var<workgroup> row_partial: array<f32, LANES * ROWS>;

fn row_sum(value: f32, lane: u32) -> f32 {
  if (LANES == 1u) {
    return value;
  }
  row_partial[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half = half / 2u) {
    if (lane % LANES < half) {
      row_partial[lane] = row_partial[lane] + row_partial[lane + half];
    }
    workgroupBarrier();
  }
  let sum = row_partial[lane - lane % LANES];
  workgroupBarrier();
  return sum;
}
