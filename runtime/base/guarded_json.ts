/**
 * JSON parser for untrusted files. It limits depth and number of values before building anything,
 * and rejects duplicate keys, which `JSON.parse` would hide.
 *
 * @module
 */
import { messageOf } from "./errors.ts";
import { oneLine, quoted } from "./one_line.ts";

/** Limits of a document. */
export interface JsonLimits {
  /** Maximum nesting of objects and arrays. */
  readonly depth: number;
  /** Maximum number of values: members, elements, objects and arrays. */
  readonly values: number;
}

/** A problem of a document; the caller adds the file name. */
export class JsonFault extends Error {
  /** Name of the class. */
  override readonly name = "JsonFault";
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Parses a document.
 *
 * @param source Text, or its bytes in UTF-8
 * @throws {JsonFault} When it is not JSON, too deep, too long, or has a key twice
 *
 * @example
 * ```ts
 * import { JsonFault, parseGuardedJson } from "@transformer-xl/runtime";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const limits = { depth: 2, values: 10 };
 * assertEquals(parseGuardedJson('{"a":[1]}', limits), { a: [1] });
 * assertThrows(() => parseGuardedJson('{"a":[[1]]}', limits), JsonFault, "deeper than 2");
 * assertThrows(() => parseGuardedJson('{"a":1,"a":2}', limits), JsonFault, 'has the key "a" twice');
 * ```
 */
export function parseGuardedJson(source: string | Uint8Array, limits: JsonLimits): unknown {
  checkStructure(typeof source === "string" ? new TextEncoder().encode(source) : source, limits);
  try {
    return JSON.parse(typeof source === "string" ? source : decode(source));
  } catch (error) {
    throw new JsonFault(`is not JSON (${oneLine(messageOf(error), 100)})`);
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** One pass over the bytes; malformed JSON passes here and is rejected by the parser. */
function checkStructure(bytes: Uint8Array, { depth, values }: JsonLimits): void {
  const open: (Set<string> | undefined)[] = []; // keys of every open object, nothing for an array
  let count = 1;
  let isKey = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      if (isKey) addKey(open.at(-1)!, bytes.subarray(at, end + 1));
      isKey = false;
      at = end;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (open.length === depth) throw new JsonFault(`is nested deeper than ${depth}`);
      open.push(byte === OPEN_OBJECT ? new Set() : undefined);
      isKey = byte === OPEN_OBJECT;
      count++;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      open.pop();
      isKey = false;
    } else if (byte === COMMA) {
      isKey = open.at(-1) !== undefined;
      count++;
    }
    if (count > values) throw new JsonFault(`has more than ${values} values`);
  }
}

/** Position of the closing quote, or the end if it is missing. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

function addKey(keys: Set<string>, literal: Uint8Array): void {
  let key: string;
  try {
    key = JSON.parse(decode(literal));
  } catch {
    return; // the parser reports it
  }
  if (keys.has(key)) throw new JsonFault(`has the key ${quoted(key, 60)} twice`);
  keys.add(key);
}
