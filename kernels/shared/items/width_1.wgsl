// Items of one number: see item_width.ts.
const WIDTH = 1u;

fn total(x: f32) -> f32 {
  return x;
}

fn kept_only(value: f32, bits: u32) -> f32 {
  return select(0.0, value, (bits & 1u) != 0u);
}
