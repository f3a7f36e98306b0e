/**
 * A streaming writer of ZIP archives without compression: members are written as their bytes arrive.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { AtomicFile } from "../atomic_file.ts";
import { CRC_OFFSET, placeMembers, zipDirectory, type ZipMember } from "./stored_zip.ts";

/** A member with its content. */
export interface ZipContent extends ZipMember {
  /** Called once, when its turn comes; as many bytes as the member has. */
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * Appends an archive to an empty file.
 *
 * @param alignment the content of every member starts at a multiple of it, in bytes
 * @throws {RangeError} when a content has another length than its member
 */
export async function writeZip(
  file: AtomicFile,
  members: readonly ZipContent[],
  alignment: number,
): Promise<void> {
  const placed = placeMembers(members, alignment);
  const checksums: number[] = [];
  for (const [n, { name, bytes, offset, header }] of placed.entries()) {
    await file.write(header);
    let checksum = 0;
    let written = 0;
    for await (const piece of members[n]!.pieces()) {
      checksum = crc32(piece, checksum);
      written += piece.length;
      await file.write(piece);
    }
    if (written !== bytes) {
      throw new RangeError(`Cannot write ${name}: it has ${written} bytes, not ${bytes}`);
    }
    const field = new Uint8Array(4);
    new DataView(field.buffer).setUint32(0, checksum, true);
    await file.writeAt(offset + CRC_OFFSET, field);
    checksums.push(checksum);
  }
  await file.write(zipDirectory(placed, checksums));
}
