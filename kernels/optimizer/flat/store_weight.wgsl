// The one place of a weight: kernels bind what the optimizer trains.
fn store_weight(i: u32, value: f32) {
  weights[i] = value;
}

