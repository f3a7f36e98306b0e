/**
 * The checksum of TFRecord files: CRC-32C (Castagnoli), masked, since a checksum of data that holds
 * checksums would be weak.
 *
 * Source: RFC 3720, appendix B.4 (test vectors); TensorFlow, "TFRecord and tf.train.Example".
 *
 * @module
 */

/** The polynomial 0x1edc6f41, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** Added by the mask. */
const MASK_DELTA = 0xa282ead8;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? POLYNOMIAL ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

/**
 * CRC-32C of bytes.
 *
 * @example
 * ```ts
 * import { crc32c } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
 * ```
 */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = TABLE[(rest ^ byte) & 0xff]! ^ (rest >>> 8);
  return ~rest >>> 0;
}

/** CRC-32C, rotated right by 15 bits and added to a constant. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
