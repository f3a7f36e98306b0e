/**
 * Reader of tar archives as a stream: ustar, long names of GNU and of pax, sizes above 8 GiB.
 *
 * @module
 */
import { ByteQueue } from "./byte_queue.ts";
import { damaged, type Member } from "./member.ts";

/** Bytes of a header, and unit in which contents are padded. */
export const TAR_BLOCK = 512;

/** Longest name or pax header. */
const MAX_NAME_BLOCK = 1 << 20;

/** Most zeros that are read behind the last member. */
const MAX_PADDING = 1 << 24;

/** Whether a block starts a tar archive. */
export function isTarHeader(block: Uint8Array): boolean {
  return block.length >= TAR_BLOCK && sumFits(block);
}

/**
 * The files and links of a tar archive, in order.
 *
 * @throws {DataError} if it is damaged or cut off
 */
export async function* tarMembers(
  path: string,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Member> {
  const queue = new ByteQueue(source);
  let longName: string | undefined;
  for (;;) {
    const header = await queue.take(TAR_BLOCK);
    if (header.every((byte) => byte === 0)) {
      await queue.skip(MAX_PADDING); // to the end, where compressed data has its checksum
      return;
    }
    if (header.length < TAR_BLOCK) throw damaged(path, "it is cut off");
    if (!sumFits(header)) throw damaged(path, "a header differs from its checksum");
    const bytes = numberOf(header.subarray(124, 136));
    const padded = Math.ceil(bytes / TAR_BLOCK) * TAR_BLOCK;
    const type = String.fromCharCode(header[156]!);
    if (type === "L" || type === "x") {
      if (bytes > MAX_NAME_BLOCK) throw damaged(path, "the name of a member is too long");
      const block = (await queue.take(padded)).subarray(0, bytes);
      longName = (type === "L" ? textOf(block) : paxPath(block)) ?? longName;
      continue;
    }
    const name = longName ?? shortName(header);
    if (type !== "g") longName = undefined;
    let left = padded;
    if ("0\0 7".includes(type) || "12346".includes(type)) {
      const isFile = "0\0 7".includes(type) && !name.endsWith("/");
      yield {
        name,
        kind: isFile ? "file" : "link",
        joins: false,
        async *chunks() {
          let content = bytes;
          for await (const chunk of queue.chunks(bytes)) {
            content -= chunk.length;
            left -= chunk.length;
            yield chunk;
          }
          if (content > 0) throw damaged(path, `it is cut off in "${name}"`);
        },
      };
    }
    await queue.skip(left);
  }
}

function sumFits(header: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < TAR_BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!;
  return sum === numberOf(header.subarray(148, 156));
}

/** An octal number in text, or a binary one behind a set top bit. */
function numberOf(field: Uint8Array): number {
  if ((field[0]! & 0x80) === 0) return parseInt(textOf(field).trim() || "0", 8);
  return field.reduce((value, byte, i) => value * 256 + (i === 0 ? byte & 0x7f : byte), 0);
}

function shortName(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = textOf(header.subarray(257, 262)) === "ustar" && header[262] === 0;
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Text up to the first zero. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The path in a pax header of lines `LENGTH KEY=VALUE`. */
function paxPath(block: Uint8Array): string | undefined {
  return /^\d+ path=(.*)$/m.exec(new TextDecoder().decode(block))?.[1];
}
