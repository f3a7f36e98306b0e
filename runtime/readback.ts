/**
 * Reading GPU memory without the 10 ms that `await mapAsync` costs in Deno.
 *
 * Symptom: `await buffer.mapAsync()` takes 11 ms even on an idle device. Cause: Deno's op polls the
 * device on the JS thread and then sleeps in steps of 10 ms. The call itself returns only when the
 * device is idle and the map callback has run, so the range can be taken at once, without awaiting:
 * 0.13 ms. This holds only after one awaited map of the same buffer (otherwise `getMappedRange`
 * aborts the process), hence the priming; a self-test at start falls back to awaiting where the
 * shortcut does not hold. Delete the shortcut when `mapAsync` no longer sleeps.
 *
 * @module
 */
import { DeviceError } from "./errors.ts";

const STAGING_BYTES = 4 * 2 ** 20; // getMappedRange copies; pieces of a few MiB are fastest

/** A range of a buffer, in bytes. */
export interface ByteRange {
  /** Where. */
  readonly buffer: GPUBuffer;
  /** First byte, a multiple of 4. */
  readonly offset: number;
  /** Bytes, a multiple of 4. */
  readonly bytes: number;
}

/** One primed staging buffer. */
export class Readback implements Disposable {
  readonly #device: GPUDevice;
  readonly #staging: GPUBuffer;
  #synchronous = false;

  private constructor(device: GPUDevice) {
    this.#device = device;
    this.#staging = device.createBuffer({
      label: "readback staging",
      size: STAGING_BYTES,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /**
   * Primes the staging buffer and tests both ways of reading.
   *
   * @throws {DeviceError} when what was written does not come back
   */
  static async open(device: GPUDevice): Promise<Readback> {
    const readback = new Readback(device);
    await readback.#staging.mapAsync(GPUMapMode.READ);
    readback.#staging.unmap();
    const written = Uint32Array.from({ length: 1024 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 0);
    const probe = device.createBuffer({
      label: "readback self-test",
      size: written.byteLength,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(probe, 0, written);
    for (const synchronous of [true, false]) {
      readback.#synchronous = synchronous;
      const target = new Uint8Array(written.byteLength);
      await readback.read([{ buffer: probe, offset: 0, bytes: target.length }], [target]);
      const back = new Uint32Array(target.buffer);
      if (back.every((value, i) => value === written[i])) {
        probe.destroy();
        return readback;
      }
    }
    throw new DeviceError(
      "unsupported",
      "Cannot use this adapter: a buffer that was written reads back wrong; run `deno task doctor`",
    );
  }

  /** Whether the un-awaited map passed its self-test. */
  get synchronous(): boolean {
    return this.#synchronous;
  }

  /** Fills `targets[i]` from `ranges[i]`; waits for everything submitted before. */
  async read(ranges: readonly ByteRange[], targets: readonly Uint8Array[]): Promise<void> {
    for (const batch of batches(ranges)) {
      const encoder = this.#device.createCommandEncoder({ label: "readback" });
      for (const { range, from, at, bytes } of batch) {
        encoder.copyBufferToBuffer(range.buffer, range.offset + from, this.#staging, at, bytes);
      }
      this.#device.queue.submit([encoder.finish()]);
      const last = batch.at(-1)!;
      const mapped = await this.#map(last.at + last.bytes);
      for (const { index, from, at, bytes } of batch) {
        targets[index]!.set(mapped.subarray(at, at + bytes), from);
      }
      this.#staging.unmap();
    }
  }

  /** Frees the staging buffer. */
  [Symbol.dispose](): void {
    this.#staging.destroy();
  }

  async #map(bytes: number): Promise<Uint8Array> {
    const mapping = this.#staging.mapAsync(GPUMapMode.READ, 0, bytes);
    if (this.#synchronous) mapping.catch(() => {}); // a lost device is reported by the device
    else await mapping;
    return new Uint8Array(this.#staging.getMappedRange(0, bytes));
  }
}

interface Copy {
  readonly index: number;
  readonly range: ByteRange;
  readonly from: number;
  readonly at: number;
  readonly bytes: number;
}

/** Cuts ranges into batches that fit the staging buffer. */
function* batches(ranges: readonly ByteRange[]): Generator<Copy[]> {
  let batch: Copy[] = [];
  let at = 0;
  for (const [index, range] of ranges.entries()) {
    for (let from = 0; from < range.bytes;) {
      const bytes = Math.min(range.bytes - from, STAGING_BYTES - at);
      batch.push({ index, range, from, at, bytes });
      from += bytes;
      at = Math.ceil((at + bytes) / 8) * 8; // getMappedRange offsets are multiples of 8
      if (at >= STAGING_BYTES) {
        yield batch;
        [batch, at] = [[], 0];
      }
    }
  }
  if (batch.length > 0) yield batch;
}
