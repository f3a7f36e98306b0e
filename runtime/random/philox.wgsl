// Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011): ten
// rounds of two 32x32 -> 64 bit products, a keyed exclusive or and a permutation turn a 128-bit
// counter and a 64-bit key into 128 random bits. There is no state: any element's bits can be
// made, and made again in a backward pass, from its index alone.
// runtime/random/philox.ts holds the same function for the host, bit for bit.

// High word of a * b. WGSL has no 64-bit integer, so the product is formed from 16-bit halves;
// each partial sum is at most (2^16 - 1)^2 + 2 * (2^16 - 1) = 2^32 - 1 and cannot wrap.
fn philox_mul_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let cross = a_high * b_low + ((a_low * b_low) >> 16u);
  let middle = a_low * b_high + (cross & 0xffffu);
  return a_high * b_high + (cross >> 16u) + (middle >> 16u);
}

fn philox_round(c: vec4<u32>, k: vec2<u32>) -> vec4<u32> {
  return vec4<u32>(
    philox_mul_high(0xcd9e8d57u, c.z) ^ c.y ^ k.x,
    0xcd9e8d57u * c.z,
    philox_mul_high(0xd2511f53u, c.x) ^ c.w ^ k.y,
    0xd2511f53u * c.x,
  );
}

// Unrolled by hand: a loop would carry a bounds counter in the compiled shader.
fn philox4x32_10(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
  let step = vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  var c = philox_round(counter, key);
  c = philox_round(c, key + step);
  c = philox_round(c, key + step * 2u);
  c = philox_round(c, key + step * 3u);
  c = philox_round(c, key + step * 4u);
  c = philox_round(c, key + step * 5u);
  c = philox_round(c, key + step * 6u);
  c = philox_round(c, key + step * 7u);
  c = philox_round(c, key + step * 8u);
  return philox_round(c, key + step * 9u);
}
