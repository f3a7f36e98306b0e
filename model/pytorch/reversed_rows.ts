/**
 * Rows of the clusters in the head of an adaptive softmax, which Hugging Face orders from the first
 * cluster to the last and the others from the last to the first.
 *
 * @module
 */

/** Names of the tensors with a row per cluster. */
export const CLUSTER_ROWS = /^crit\.cluster_(?:weight|bias)$/;

/** Rows from the last to the first. There is one per cluster, so they are in memory. */
export async function* reversedRows(
  pieces: AsyncIterable<ArrayBufferView<ArrayBuffer>>,
  [rows = 0]: readonly number[],
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const { buffer, byteOffset, byteLength } of pieces) {
    chunks.push(new Uint8Array(buffer, byteOffset, byteLength));
  }
  const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
  const width = bytes.length / Math.max(rows, 1);
  for (let row = rows - 1; row >= 0; row--) yield bytes.slice(row * width, (row + 1) * width);
}
