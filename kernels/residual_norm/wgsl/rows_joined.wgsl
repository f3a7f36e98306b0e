// All rows are written: those of the memory, then the sums.
@group(0) @binding(5) var<storage, read> memory: array<Item>;

fn write_item(i: u32) {
  if (i < scalars.first) {
    rows[i] = memory[i];
  } else {
    write_sum(i - scalars.first);
  }
}
