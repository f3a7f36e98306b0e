// Bit j of the result: whether draw j of a block of Philox is at least the threshold, so that its
// element is kept. Four words are eight draws of 16 bits, the low half of a word first.
fn kept_bits(words: vec4<u32>, threshold: u32) -> u32 {
  let limit = vec4<u32>(threshold);
  let low = (words & vec4<u32>(0xffffu)) >= limit;
  let high = (words >> vec4<u32>(16u)) >= limit;
  let bits = select(vec4<u32>(0u), vec4<u32>(1u, 4u, 16u, 64u), low) |
    select(vec4<u32>(0u), vec4<u32>(2u, 8u, 32u, 128u), high);
  return bits.x | bits.y | bits.z | bits.w;
}
