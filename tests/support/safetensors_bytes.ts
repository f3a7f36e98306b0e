/**
 * Handmade safetensors files, valid and invalid.
 *
 * @module
 */

/** Pieces one after the other. */
export function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

/** A file from any header and any tensor bytes. */
export function craft(
  header: unknown,
  tensorBytes = 0,
  headerLength?: bigint,
): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const word = new Uint8Array(8);
  new DataView(word.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  return join([word, json, new Uint8Array(tensorBytes)]);
}
