/**
 * A streaming writer of safetensors files, so that a checkpoint needs no second copy in memory. The
 * metadata entry "sha256" is the checksum of `content_digest.ts`.
 *
 * @module
 */
import { nativeSha256 } from "../native_sha256.ts";
import { replaceFile } from "../replace_file.ts";
import { BLANK_DIGEST, ContentDigest } from "./content_digest.ts";
import { digestOffset, layOut } from "./header.ts";
import { bytesOf, checkLength, sourcePieces } from "./source_pieces.ts";
import type { SafetensorsSource, SafetensorsTensor } from "./tensor_source.ts";

/**
 * Encodes tensors in memory. The concatenated pieces are the file; tensors are not copied. Equal
 * tensors and metadata give equal bytes in any order.
 *
 * @param tensors Names must differ
 * @param metadata Kept beside the tensors; the key "sha256" is set by the writer
 * @throws {CheckpointError} When a name is taken twice, or a length disagrees with its shape
 *
 * @example
 * ```ts
 * import { encodeSafetensors } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const values = Float32Array.of(1, 2, 3, 4);
 * const [header, bytes] = encodeSafetensors([{ name: "w", dtype: "F32", shape: [2, 2], values }]);
 * assertEquals(header!.length % 8, 0);
 * assertEquals(bytes!.length, 16);
 * ```
 */
export function encodeSafetensors(
  tensors: Iterable<SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer>[] {
  const { ordered, header } = layOut(tensors, metadata, BLANK_DIGEST);
  const digest = new ContentDigest(metadata, nativeSha256);
  const pieces = ordered.map((tensor) => {
    checkLength(tensor, tensor.values.byteLength);
    const piece = bytesOf(tensor.values);
    digest.update(piece);
    digest.endTensor(tensor);
    return piece;
  });
  header.set(new TextEncoder().encode(digest.digest()), digestOffset(header, BLANK_DIGEST));
  return [header, ...pieces];
}

/**
 * Writes a file atomically, one tensor in memory at a time; files may exceed 2 GiB.
 *
 * @param path Replaced whole or not at all
 * @param tensors Names must differ; sources are asked in file order, one after the other
 * @param metadata Kept beside the tensors; the key "sha256" is set by the writer
 * @throws {CheckpointError} When a name is taken twice, a length disagrees with its shape, or the
 *   file cannot be written
 *
 * @example
 * ```ts
 * import { SafetensorsFile, writeSafetensors } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/w.safetensors`;
 * const values = () => Promise.resolve(Float32Array.of(1, 2));
 * await writeSafetensors(path, [{ name: "w", dtype: "F32", shape: [2], values }], { step: "7" });
 *
 * using file = await SafetensorsFile.open(path);
 * assertEquals(file.metadata["step"], "7");
 * assertEquals(await file.tensor("w", "F32"), Float32Array.of(1, 2));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<SafetensorsSource>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { ordered, header } = layOut(tensors, metadata, BLANK_DIGEST);
  const digest = new ContentDigest(metadata, nativeSha256);
  await replaceFile(path, async (file) => {
    await file.write(header);
    for (const tensor of ordered) {
      for await (const piece of sourcePieces(tensor)) {
        digest.update(piece);
        await file.write(piece);
      }
      digest.endTensor(tensor);
    }
    const offset = digestOffset(header, BLANK_DIGEST);
    await file.writeAt(offset, new TextEncoder().encode(digest.digest()));
  });
}
