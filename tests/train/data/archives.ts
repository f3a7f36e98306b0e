/**
 * Small archives, genuine ones and ones that attack the reader.
 *
 * @module
 */
import { crc32 } from "node:zlib";

/** A member to write. */
export interface NewMember {
  /** Its name as it stands in the archive. */
  readonly name: string;
  /** Its content; the target of a link. */
  readonly text: string | Uint8Array;
  /** A symbolic link instead of a file. */
  readonly link?: boolean;
  /** ZIP: leave the content uncompressed. */
  readonly stored?: boolean;
}

function bytesOf(text: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof text === "string" ? new TextEncoder().encode(text) : new Uint8Array(text);
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  format: "gzip" | "deflate-raw",
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Compressed bytes. */
export function gzip(text: string | Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return through(bytesOf(text), "gzip");
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Little-endian numbers, each with its length in bytes. */
function numbers(...fields: readonly (readonly [value: number, bytes: number])[]): Uint8Array {
  return joined(
    fields.map(([value, bytes]) =>
      Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) & 255)
    ),
  );
}

/** A ZIP archive. */
export async function zip(members: readonly NewMember[]): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, text, link, stored } of members) {
    const content = bytesOf(text);
    const packed = stored === true ? content : await through(content, "deflate-raw");
    const label = bytesOf(name);
    const facts = numbers(
      [20, 2],
      [0, 2],
      [stored === true ? 0 : 8, 2],
      [0, 4],
      [crc32(content), 4],
      [packed.length, 4],
      [content.length, 4],
      [label.length, 2],
      [0, 2],
    );
    const local = joined([numbers([0x04034b50, 4]), facts, label, packed]);
    const mode = link === true ? 0o120777 : 0o100644;
    directory.push(joined([
      numbers([0x02014b50, 4], [20, 1], [3, 1]),
      facts,
      numbers([0, 2], [0, 2], [0, 2], [mode * 65536, 4], [offset, 4]),
      label,
    ]));
    parts.push(local);
    offset += local.length;
  }
  const bytes = directory.reduce((sum, { length }) => sum + length, 0);
  const count = members.length;
  const end = numbers([0x06054b50, 4], [0, 4], [count, 2], [count, 2], [bytes, 4], [offset, 4], [
    0,
    2,
  ]);
  return joined([...parts, ...directory, end]);
}

/** A tar archive of the ustar kind; names above 100 bytes get a header of GNU. */
export function tar(members: readonly NewMember[]): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (const { name, text, link } of members) {
    if (name.length > 100) blocks.push(tarHeader("././@LongLink", name.length, "L"), padded(name));
    const content = bytesOf(text);
    if (link === true) {
      blocks.push(tarHeader(name, 0, "2", String(text)));
    } else {
      blocks.push(tarHeader(name.slice(0, 100), content.length, "0"), padded(content));
    }
  }
  return joined([...blocks, new Uint8Array(1024)]);
}

function padded(text: string | Uint8Array): Uint8Array {
  const content = bytesOf(text);
  const block = new Uint8Array(Math.ceil(content.length / 512) * 512);
  block.set(content);
  return block;
}

function tarHeader(name: string, bytes: number, type: string, target = ""): Uint8Array {
  const header = new Uint8Array(512);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  put(0, name);
  put(100, "0000644\0");
  put(124, bytes.toString(8).padStart(11, "0") + "\0");
  put(148, "        ");
  put(156, type);
  put(157, target);
  put(257, "ustar\0" + "00");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, sum.toString(8).padStart(6, "0") + "\0 ");
  return header;
}
