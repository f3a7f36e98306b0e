// drop(x, row, c): item c of a row after the dropout of [rows, columns] items, which hold a
// multiple of eight numbers. A lane passes the items of a block of eight numbers one after the
// other, so that each block is drawn once.
var<private> block_bits: u32;

fn drop(x: Numbers, row: u32, c: u32) -> Numbers {
  let at = (row * scalars.columns + c) * WIDTH;
  if (at % 8u == 0u) {
    let words = philox4x32_10(
      vec4<u32>(at / 8u, scalars.step, scalars.stream, 0u),
      vec2<u32>(scalars.seed, scalars.site),
    );
    block_bits = kept_bits(words, scalars.threshold);
  }
  return kept_only(scalars.factor * x, block_bits >> (at % 8u));
}
