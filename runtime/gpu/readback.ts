/**
 * Readback of GPU memory without the 10 ms that `await mapAsync` costs in Deno.
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
import { DeviceError } from "../base/errors.ts";

const STAGING_BYTES = 16 * 2 ** 20;
const MAX_SPARE = 2;
const MAX_PRIMED = 64; // larger reads wait for the device again
const PIECE_BYTES = 2 ** 20; // getMappedRange copies; small pieces stay in the cache

/** A range of a buffer, in bytes. */
export interface ByteRange {
  /** Where. */
  readonly buffer: GPUBuffer;
  /** First byte, a multiple of 4. */
  readonly offset: number;
  /** Bytes, a multiple of 4. */
  readonly bytes: number;
}

/** Primed staging buffers, and further ones for awaited reads. */
export class Readback implements Disposable {
  readonly #device: GPUDevice;
  /** Primed, at least one; {@link Readback.reserve} adds more. */
  readonly #staging: GPUBuffer[] = [];
  /** Free staging buffers of awaited reads. */
  readonly #spare: GPUBuffer[] = [];
  #synchronous = true;
  #closed = false;

  private constructor(device: GPUDevice) {
    this.#device = device;
  }

  /**
   * Primes the staging buffer and tests both ways of reading.
   *
   * @throws {DeviceError} when written data is not read back
   */
  static async open(device: GPUDevice): Promise<Readback> {
    const readback = new Readback(device);
    await readback.#prime();
    // Elsewhere the un-awaited range may be refused, or hold old bytes: then maps are awaited.
    readback.#synchronous = await readback.readsBack();
    if (readback.#synchronous || await readback.readsBack()) return readback;
    readback[Symbol.dispose]();
    throw new DeviceError(
      "unsupported",
      "Cannot use this adapter: a buffer that was written reads back wrong; run `deno task doctor`",
    );
  }

  /** Whether the un-awaited map passed its self-test. */
  get synchronous(): boolean {
    return this.#synchronous;
  }

  /**
   * Waits for everything submitted: inside the call where maps need no awaiting, which saves the
   * 10 ms of an awaited one, else with the promise that it returns.
   */
  fence(): Promise<void> | undefined {
    const done = this.#device.queue.onSubmittedWorkDone().catch(() => {});
    return this.#synchronous ? undefined : done;
  }

  /** Self-test: whether written data is read back. */
  async readsBack(): Promise<boolean> {
    const written = Uint32Array.from({ length: 1024 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 0);
    const probe = this.#device.createBuffer({
      label: "readback self-test",
      size: written.byteLength,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    try {
      this.#device.queue.writeBuffer(probe, 0, written);
      const target = new Uint8Array(written.byteLength);
      await this.read([{ buffer: probe, offset: 0, bytes: target.length }], [target]);
      const back = new Uint32Array(target.buffer);
      return back.every((value, i) => value === written[i]);
    } catch {
      return false; // a lost device, or a map that has to be awaited
    } finally {
      probe.destroy();
    }
  }

  /**
   * Fills `targets[i]` from `ranges[i]`, as they are after everything submitted before this call.
   * With the shortcut, everything happens inside the call; otherwise the ranges are copied to
   * staging buffers inside the call and read when those are mapped.
   *
   * @param arrived called when the last bytes are mapped, before they are copied out
   */
  read(
    ranges: readonly ByteRange[],
    targets: readonly Uint8Array[],
    arrived: () => void = () => {},
  ): Promise<void> {
    const all = [...batches(ranges)];
    return this.#synchronous
      ? this.#readNow(all, targets, arrived)
      : this.#readAwaiting(all, targets, arrived);
  }

  /** Primes as many staging buffers as reads of `bytes` fill, so that they wait only once. */
  async reserve(bytes: number): Promise<void> {
    if (!this.#synchronous) return; // awaited reads copy everything first
    const wanted = Math.min(MAX_PRIMED, Math.ceil(bytes / STAGING_BYTES));
    while (this.#staging.length < wanted) await this.#prime();
  }

  /** Frees the staging buffers. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const staging of [...this.#staging, ...this.#spare.splice(0)]) staging.destroy();
  }

  // There is no await while a buffer is mapped, so two reads never use one at the same time.
  async #readNow(
    all: readonly (readonly Copy[])[],
    targets: readonly Uint8Array[],
    arrived: () => void,
  ): Promise<void> {
    for (let from = 0; from < all.length; from += this.#staging.length) {
      const mapped = all.slice(from, from + this.#staging.length).map((batch, n) => {
        const staging = this.#staging[n]!;
        return { batch, staging, bytes: this.#copy(batch, staging) };
      }).map((copied) => {
        const mapping = copied.staging.mapAsync(GPUMapMode.READ, 0, copied.bytes);
        mapping.catch(() => {}); // a lost device is reported by the device
        return { ...copied, mapping };
      });
      try {
        if (mapped.at(-1)!.batch === all.at(-1)) arrived();
        for (const { batch, staging } of mapped) take(batch, staging, targets);
      } catch (refused) {
        for (const { staging, mapping } of mapped) {
          await mapping.then(() => staging.unmap(), () => {});
        }
        throw refused;
      }
      for (const { staging } of mapped) staging.unmap();
    }
  }

  async #prime(): Promise<void> {
    const staging = this.#createStaging();
    await staging.mapAsync(GPUMapMode.READ);
    staging.unmap();
    this.#staging.push(staging);
  }

  // Everything up to the first await happens inside the call.
  async #readAwaiting(
    all: readonly (readonly Copy[])[],
    targets: readonly Uint8Array[],
    arrived: () => void,
  ): Promise<void> {
    const copied = all.map((batch) => {
      const staging = this.#spare.pop() ?? this.#createStaging();
      return { batch, staging, bytes: this.#copy(batch, staging) };
    });
    try {
      for (const { batch, staging, bytes } of copied) {
        await staging.mapAsync(GPUMapMode.READ, 0, bytes);
        try {
          if (batch === all.at(-1)) arrived();
          take(batch, staging, targets);
        } finally {
          staging.unmap();
        }
      }
    } finally {
      for (const { staging } of copied) {
        if (this.#closed || this.#spare.length >= MAX_SPARE) staging.destroy();
        else this.#spare.push(staging);
      }
    }
  }

  #createStaging(): GPUBuffer {
    return this.#device.createBuffer({
      label: "readback staging",
      size: STAGING_BYTES,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /** Submits the copies of a batch; returns the bytes of staging it fills. */
  #copy(batch: readonly Copy[], staging: GPUBuffer): number {
    const encoder = this.#device.createCommandEncoder({ label: "readback" });
    for (const { range, from, at, bytes } of batch) {
      encoder.copyBufferToBuffer(range.buffer, range.offset + from, staging, at, bytes);
    }
    this.#device.queue.submit([encoder.finish()]);
    const last = batch.at(-1)!;
    return last.at + last.bytes;
  }
}

/** Copies mapped data; the range of a piece begins at a multiple of 8. */
function take(batch: readonly Copy[], staging: GPUBuffer, targets: readonly Uint8Array[]): void {
  for (const { index, from, at, bytes } of batch) {
    for (let done = 0; done < bytes; done += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, bytes - done);
      const piece = new Uint8Array(staging.getMappedRange(at + done, length));
      targets[index]!.set(piece, from + done);
    }
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
      at = Math.ceil((at + bytes) / 8) * 8;
      if (at >= STAGING_BYTES) {
        yield batch;
        [batch, at] = [[], 0];
      }
    }
  }
  if (batch.length > 0) yield batch;
}
