/**
 * A reader of TensorBoard's event files, with checksums computed bit by bit.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { decode, type Fields, inside, textIn } from "./decode.ts";

/** An event that a file holds. */
export interface ReadEvent {
  /** Optimizer steps. */
  readonly step: number;
  /** `brain.Event:2` in the first event of a file. */
  readonly fileVersion: string | undefined;
  /** Status of a session: 1 for a start. */
  readonly session: number | undefined;
  /** Values by tag: a number, or the other fields. */
  readonly values: Readonly<Record<string, number | Fields>>;
}

/** The bytes of each record, after a check of its length and checksums; the rest of a file is none. */
export function recordsIn(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(view.getBigUint64(at, true));
    assertEquals(unmasked(view.getUint32(at + 8, true)), castagnoli(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    assertEquals(data.length, length);
    assertEquals(unmasked(view.getUint32(at + 12 + length, true)), castagnoli(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

/** The events of a file. */
export async function readEvents(path: string): Promise<ReadEvent[]> {
  const nowS = Date.now() / 1000;
  return recordsIn(await Deno.readFile(path)).map((record) => {
    const event = decode(record);
    const wallTimeS = event[1]![0] as number;
    assert(wallTimeS > nowS - 3600 && wallTimeS < nowS + 60, `${wallTimeS}`);
    const values = (event[5] === undefined ? [] : inside(event, 5)[1]!)
      .map((bytes) => decode(bytes as Uint8Array))
      .map((value) => [textIn(value, 1)!, value[2] === undefined ? value : value[2][0]] as const);
    return {
      step: Number(event[2]?.[0] ?? 0),
      fileVersion: textIn(event, 3),
      session: event[7] === undefined ? undefined : Number(inside(event, 7)[1]![0]),
      values: Object.fromEntries(values) as Record<string, number | Fields>,
    };
  });
}

/** Numbers of a tag by step, over all events. */
export function scalarsOf(events: readonly ReadEvent[], tag: string): [number, number][] {
  return events.filter(({ values }) => typeof values[tag] === "number")
    .map(({ step, values }) => [step, values[tag] as number]);
}

function unmasked(crc: number): number {
  const rotated = (crc - 0xa282ead8) >>> 0;
  return ((rotated << 15) | (rotated >>> 17)) >>> 0;
}

/** CRC-32C as a division of polynomials over GF(2), highest power first. */
function castagnoli(bytes: Uint8Array): number {
  const reversed = (value: number, bits: number) =>
    parseInt([...value.toString(2).padStart(bits, "0")].reverse().join(""), 2);
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= reversed(byte, 8) << 24;
    for (let bit = 0; bit < 8; bit++) rest = rest < 0 ? (rest << 1) ^ 0x1edc6f41 : rest << 1;
  }
  return reversed(~rest >>> 0, 32);
}
