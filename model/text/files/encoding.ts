/**
 * Detection of the encoding or format of a file that is not UTF-8, from its first bytes or from how
 * well a sample decodes in common encodings. The result is part of a message with a command, so
 * encodings have their iconv names.
 *
 * @module
 */

/** Detected encoding or format of a file, and the command that converts it to UTF-8. */
export interface ForeignText {
  /** For messages: `UTF-16 (little endian)`, `compressed (gzip)`. */
  readonly name: string;
  /** A command line. */
  readonly command: string;
}

/** The three bytes that may open a UTF-8 file. */
const UTF8_MARK = [0xef, 0xbb, 0xbf];

/** Bytes of the byte order mark in front of UTF-8 text: 3 or 0. */
export function markBytes(head: Uint8Array): number {
  return startsWith(head, UTF8_MARK) ? UTF8_MARK.length : 0;
}

/** Text quoted as one word of a command line. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/** The command that converts a file from `encoding`. */
export function conversion(path: string, encoding: string): string {
  return `iconv -f ${encoding} -t UTF-8 ${quoted(path)} > ${quoted(`${path}.utf8.txt`)}`;
}

const PACKED: readonly (readonly [name: string, magic: readonly number[], command: string])[] = [
  ["gzip", [0x1f, 0x8b], "gunzip -k"],
  ["bzip2", [0x42, 0x5a, 0x68], "bunzip2 -k"],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "unxz -k"],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd], "unzstd"],
  ["zip", [0x50, 0x4b, 0x03, 0x04], "unzip"],
];

/** Encoding or format from the first bytes of a file; undefined if it may be UTF-8. */
export function foreignText(path: string, head: Uint8Array): ForeignText | undefined {
  const unicode = unicodeOf(head);
  if (unicode !== undefined) {
    return { name: unicode.name, command: conversion(path, unicode.encoding) };
  }
  const packed = packedText(path, head);
  if (packed !== undefined) return packed;
  if (startsWith(head, [0x25, 0x50, 0x44, 0x46, 0x2d])) {
    return { name: "PDF", command: `pdftotext ${quoted(path)}` };
  }
  return undefined;
}

/** Format of a compressed file from its first bytes; undefined if it is none. */
export function packedText(path: string, head: Uint8Array): ForeignText | undefined {
  for (const [name, magic, command] of PACKED) {
    if (startsWith(head, magic)) {
      return { name: `compressed (${name})`, command: `${command} ${quoted(path)}` };
    }
  }
  return undefined;
}

function unicodeOf(head: Uint8Array): { name: string; encoding: string } | undefined {
  if (startsWith(head, [0xff, 0xfe, 0, 0]) || startsWith(head, [0, 0, 0xfe, 0xff])) {
    return { name: "UTF-32", encoding: "UTF-32" };
  }
  // With a mark, plain UTF-16 reads the byte order from it and drops it.
  if (startsWith(head, [0xff, 0xfe])) return { name: "UTF-16", encoding: "UTF-16" };
  if (startsWith(head, [0xfe, 0xff])) return { name: "UTF-16", encoding: "UTF-16" };
  if (head.length < 8) return undefined;
  // Latin text without a mark: every other byte is zero.
  const pairs = head.length >> 1;
  const zeros = [0, 0];
  for (let i = 0; i < 2 * pairs; i++) if (head[i] === 0) zeros[i & 1]!++;
  const [even, odd] = zeros as [number, number];
  if (odd > 0.7 * pairs && even < 0.1 * pairs) return { name: "UTF-16LE", encoding: "UTF-16LE" };
  if (even > 0.7 * pairs && odd < 0.1 * pairs) return { name: "UTF-16BE", encoding: "UTF-16BE" };
  return undefined;
}

/** An encoding, and the characters that make up a share of any text in it. */
interface Candidate {
  readonly encoding: string;
  /** Its name for `TextDecoder`. */
  readonly label: string;
  readonly common: RegExp;
  /** Minimum share of {@link Candidate.common} among non-ASCII characters. */
  readonly share: number;
}

const CANDIDATES: readonly Candidate[] = [
  { encoding: "EUC-JP", label: "euc-jp", common: /[\u3040-\u30ff]/u, share: 0.3 },
  { encoding: "SHIFT_JIS", label: "shift_jis", common: /[\u3040-\u30ff]/u, share: 0.3 },
  { encoding: "EUC-KR", label: "euc-kr", common: /[이다는의에을가고하지로를은기사]/u, share: 0.12 },
  {
    encoding: "GB18030",
    label: "gb18030",
    common: /[的一是不了在人有我他这中大来上国个们，。]/u,
    share: 0.12,
  },
  {
    encoding: "BIG5",
    label: "big5",
    common: /[的一是不了在人有我他這中大來上國個們，。]/u,
    share: 0.12,
  },
  { encoding: "WINDOWS-1251", label: "windows-1251", common: /[оеаинтсрвл]/u, share: 0.45 },
  { encoding: "KOI8-R", label: "koi8-r", common: /[оеаинтсрвл]/u, share: 0.45 },
  { encoding: "WINDOWS-1253", label: "windows-1253", common: /[αοιετσνρςκηπάέήίόύώ]/u, share: 0.7 },
  { encoding: "WINDOWS-1255", label: "windows-1255", common: /[יוהלארתמ]/u, share: 0.4 },
  { encoding: "WINDOWS-1256", label: "windows-1256", common: /[المينورت]/u, share: 0.4 },
  { encoding: "TIS-620", label: "windows-874", common: /[านรอกเงมย่้]/u, share: 0.4 },
];

/** The iconv name of the encoding in which a sample decodes best; undefined if none fits. */
export function guessEncoding(sample: Uint8Array): string | undefined {
  if (sample.includes(0)) return undefined;
  // In Western European languages non-ASCII letters are isolated.
  let foreign = 0;
  let alone = 0;
  for (let i = 0; i < sample.length; i++) {
    if (sample[i]! < 0x80) continue;
    foreign++;
    if ((sample[i - 1] ?? 0) < 0x80 && (sample[i + 1] ?? 0) < 0x80) alone++;
  }
  if (alone >= 0.7 * foreign) return "WINDOWS-1252";
  let best: { encoding: string; fit: number } | undefined;
  for (const { encoding, label, common, share } of CANDIDATES) {
    const fit = shareOf(sample, label, common) / share;
    if (fit >= 1 && fit > (best?.fit ?? 0)) best = { encoding, fit };
  }
  return best?.encoding;
}

function shareOf(sample: Uint8Array, label: string, common: RegExp): number {
  let total = 0;
  let found = 0;
  for (const character of new TextDecoder(label).decode(sample)) {
    if (character.charCodeAt(0) < 0x80) continue;
    total++;
    if (common.test(character)) found++;
  }
  return total === 0 ? 0 : found / total;
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return bytes.length >= start.length && start.every((byte, i) => bytes[i] === byte);
}
