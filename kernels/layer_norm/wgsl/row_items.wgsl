// Items of a row by lane: lane l of LANES takes l, l + LANES, ..., of vectors two neighbours at a
// time. ROWS rows share a workgroup.
override LANES: u32;
override ROWS: u32;

fn first_item(lane: u32) -> u32 {
  return (lane % LANES) * select(1u, 2u, WIDTH == 4u);
}

fn next_item(c: u32) -> u32 {
  if (WIDTH == 4u) {
    return c + select(2u * LANES - 1u, 1u, c % 2u == 0u);
  }
  return c + LANES;
}
