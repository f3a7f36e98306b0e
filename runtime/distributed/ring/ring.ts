/**
 * Collective operations around a ring: process r writes only to r + 1 and reads only from r - 1.
 * An all-reduce is a reduce-scatter followed by an all-gather, so each process sends 2 (W - 1) / W
 * of the bytes, whatever W is.
 *
 * The connection to the next rank carries numbers backwards: heartbeats, and finally that it leaves
 * the group in order, or which rank failed first. A connection that ends without one of these means
 * that the next rank has ended. Every rank forwards the number, so all name the same rank.
 * Heartbeats come from the ring's thread, so a rank with a busy main thread sends them as well.
 *
 * @module
 */
import { GroupError } from "../../base/errors.ts";
import { closeQuietly } from "./close_quietly.ts";
import {
  addInto,
  addScaledInto,
  checkAnnounced,
  checkSame,
  type Collective,
  describe,
  encodeHeader,
  type Engine,
  type GroupLimits,
  HEADER_NUMBERS,
  segment,
} from "../collective.ts";
import { SilenceWatch } from "../silence_watch.ts";

const READ_BYTES = 2 ** 20; // larger than a socket's buffer: one read takes all available bytes
const GRACE_MS = 50; // for messages in flight that say more than a closed connection
const LEAVES_IN_ORDER = -1;
const IS_ALIVE = -2;

/** The connections of one process. */
export interface RingLinks {
  /** To process r + 1. */
  readonly next: Deno.Conn;
  /** From process r - 1. */
  readonly previous: Deno.Conn;
}

/** One process of a ring of two or more. */
export class Ring implements Engine {
  /** Number of this process. */
  readonly rank: number;
  /** W: processes of the ring. */
  readonly size: number;
  readonly #links: RingLinks;
  readonly #limits: GroupLimits;
  readonly #watch: SilenceWatch | undefined;
  readonly #scratch = new Float32Array(READ_BYTES / 4);
  #sequence = 0;
  #current: Collective | undefined;
  #failure: GroupError | undefined;
  /** The process that failed first, once known. */
  #culprit: number | undefined;
  #hasTold = false;
  #beats: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  /** Takes ownership of the connections. */
  constructor(rank: number, size: number, links: RingLinks, limits: GroupLimits = {}) {
    this.rank = rank;
    this.size = size;
    this.#links = links;
    this.#limits = limits;
    const { silenceMs } = limits;
    const watch = silenceMs === undefined ? undefined : new SilenceWatch(silenceMs);
    this.#watch = watch;
    if (watch !== undefined) this.#beats = setInterval(() => this.#beat(watch), watch.periodMs);
    void this.#watchNext();
  }

  /** As {@link ProcessGroup.allReduceMean}, in place. */
  allReduceMean(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    return this.#run("all-reduce", values.byteLength, 0, async () => {
      const bytes = bytesOf(values);
      const part = (index: number) => {
        const { begin, end } = segment(values.length, this.size, index);
        return bytes.subarray(4 * begin, 4 * end);
      };
      const steps = this.size - 1;
      for (let step = 0; step < steps; step++) {
        const factor = step === steps - 1 ? 1 / this.size : undefined;
        await Promise.all([
          this.#write(part(this.rank - 1 - step)),
          this.#readSum(values, segment(values.length, this.size, this.rank - 2 - step), factor),
        ]);
      }
      for (let step = 0; step < steps; step++) {
        await this.#exchange(part(this.rank - step), part(this.rank - 1 - step));
      }
      return values;
    });
  }

  /** As {@link ProcessGroup.broadcast}: pieces are pipelined along the ring. */
  broadcast(bytes: Uint8Array<ArrayBuffer>, root = 0): Promise<Uint8Array<ArrayBuffer>> {
    return this.#run("broadcast", bytes.length, root, async () => {
      if (this.rank === root) {
        await this.#write(bytes);
        return bytes;
      }
      const forwards = (this.rank + 1) % this.size !== root;
      let written = Promise.resolve();
      for (let at = 0; at < bytes.length; at += READ_BYTES) {
        const piece = bytes.subarray(at, at + READ_BYTES);
        await Promise.all([this.#read(piece), written]);
        if (forwards) written = this.#write(piece);
      }
      await written;
      return bytes;
    });
  }

  /** As {@link ProcessGroup.allGather}. */
  allGather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#run("all-gather", bytes.length, 0, async () => {
      const parts = Array<Uint8Array<ArrayBuffer>>(this.size).fill(bytes);
      let passing = bytes;
      for (let step = 1; step < this.size; step++) {
        const length = new Float64Array(1);
        await this.#exchange(bytesOf(Float64Array.of(passing.length)), bytesOf(length));
        const from = (this.rank - step + this.size) % this.size;
        const received = new Uint8Array(checkAnnounced(bytes.length, length[0]!, from));
        await this.#exchange(passing, received);
        parts[from] = received;
        passing = received;
      }
      return parts;
    });
  }

  /** As {@link ProcessGroup.barrier}: after W - 1 rounds every rank was heard. */
  barrier(timeoutMs?: number): Promise<void> {
    return this.#run("barrier", 0, 0, async () => {
      for (let step = 1; step < this.size; step++) {
        await this.#exchange(new Uint8Array(1), new Uint8Array(1));
      }
    }, timeoutMs);
  }

  /** Tells the previous rank that this one leaves in order, and closes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#beats);
    await this.#tell(LEAVES_IN_ORDER);
    this.#disconnect();
  }

  async #run<T>(
    kind: Collective["kind"],
    bytes: number,
    root: number,
    work: () => Promise<T>,
    timeoutMs: number | undefined = this.#limits.timeoutMs,
  ): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    const own = { kind, bytes, root, sequence: this.#sequence++ };
    this.#current = own;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => {
      const previous = this.#neighbour(-1);
      this.#fail(
        new GroupError(
          `Cannot finish ${describe(own)}: process ${previous} did not send its part within ` +
            `${timeoutMs} ms`,
          { need: "an answer of the process" },
        ),
      );
    }, timeoutMs);
    try {
      const theirs = new Float64Array(HEADER_NUMBERS);
      await this.#exchange(bytesOf(encodeHeader(own)), bytesOf(theirs));
      checkSame(this.rank, own, this.#neighbour(-1), theirs);
      return await work();
    } catch (error) {
      this.#fail(error);
      throw this.#failure;
    } finally {
      clearTimeout(timer);
      this.#current = undefined;
    }
  }

  /** Ends the ring by closing the connections, which the neighbours detect at once. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error instanceof GroupError
      ? error
      : new GroupError(`Cannot finish ${this.#action()}: ${error}`, { cause: error });
    this.#closed = true;
    clearInterval(this.#beats);
    this.#tell(this.#culprit ?? this.rank).finally(() => this.#disconnect());
  }

  /** Tells the previous process, once. */
  async #tell(news: number): Promise<void> {
    if (this.#hasTold) return;
    this.#hasTold = true;
    await this.#sendBack(news);
  }

  async #sendBack(news: number): Promise<void> {
    await this.#links.previous.write(bytesOf(Float64Array.of(news))).catch(() => {}); // gone: fine
  }

  /** Sends a heartbeat and expects those of the next rank. */
  #beat(watch: SilenceWatch): void {
    if (this.#closed) return;
    void this.#sendBack(IS_ALIVE);
    const silentMs = watch.beat();
    if (silentMs === undefined) return;
    const silent = this.#neighbour(1);
    this.#culprit = silent;
    this.#fail(
      new GroupError(
        `Cannot finish ${this.#action()}: process ${silent} sent no heartbeat for ` +
          `${Math.round(silentMs)} ms`,
        { lostRank: silent, need: "an answer of the process" },
      ),
    );
  }

  #disconnect(): void {
    closeQuietly(this.#links.next);
    closeQuietly(this.#links.previous);
  }

  #gone(rank: number): GroupError {
    return new GroupError(
      `Cannot finish ${this.#action()}: process ${rank} has ended; see its own messages`,
      { lostRank: rank },
    );
  }

  #action(): string {
    return this.#current === undefined ? "the work of the group" : describe(this.#current);
  }

  #neighbour(step: 1 | -1): number {
    return (this.rank + step + this.size) % this.size;
  }

  /** Detects the end of the next rank even while nothing is written to it. */
  async #watchNext(): Promise<void> {
    const news = await this.#lastNews();
    if (this.#closed || news === LEAVES_IN_ORDER) return;
    this.#culprit = news ?? this.#neighbour(1);
    this.#tell(this.#culprit);
    const error = await this.#goneAfterGrace(this.#culprit);
    if (!this.#closed) this.#fail(error);
  }

  /** The last message of the next rank; undefined if it ends without one. */
  async #lastNews(): Promise<number | undefined> {
    const news = new Float64Array(1);
    const bytes = bytesOf(news);
    for (;;) {
      for (let held = 0; held < bytes.length;) {
        const count = await this.#links.next.read(bytes.subarray(held)).catch(() => null);
        if (count === null) return undefined;
        held += count;
      }
      this.#watch?.hear();
      const [number = NaN] = news;
      if (number === IS_ALIVE) continue;
      const isRank = Number.isInteger(number) && number >= 0 && number < this.size;
      return isRank || number === LEAVES_IN_ORDER ? number : undefined;
    }
  }

  /** The error for the end of a connection; by then it may be known who failed first. */
  async #goneAfterGrace(rank: number): Promise<GroupError> {
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    return this.#gone(this.#culprit ?? rank);
  }

  async #exchange(send: Uint8Array, receive: Uint8Array): Promise<void> {
    await Promise.all([this.#write(send), this.#read(receive)]);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      try {
        done += await this.#links.next.write(bytes.subarray(done));
      } catch {
        throw await this.#goneAfterGrace(this.#neighbour(1));
      }
    }
  }

  async #read(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += await this.#readSome(bytes.subarray(done, done + READ_BYTES));
    }
  }

  async #readSome(bytes: Uint8Array): Promise<number> {
    const count = await this.#links.previous.read(bytes).catch(() => null);
    if (count === null) throw await this.#goneAfterGrace(this.#neighbour(-1));
    return count;
  }

  /** Adds received data to a segment of `values`; with `factor` also scales the sums. */
  async #readSum(
    values: Float32Array,
    { begin, end }: { readonly begin: number; readonly end: number },
    factor: number | undefined,
  ): Promise<void> {
    const scratch = bytesOf(this.#scratch);
    let held = 0; // bytes of a float that has not arrived whole
    for (let at = begin; at < end;) {
      const wanted = Math.min(scratch.length, 4 * (end - at));
      held += await this.#readSome(scratch.subarray(held, wanted));
      const count = held >> 2;
      if (factor === undefined) addInto(values, at, this.#scratch, count);
      else addScaledInto(values, at, this.#scratch, count, factor);
      at += count;
      scratch.copyWithin(0, 4 * count, held);
      held &= 3;
    }
  }
}

function bytesOf(
  array: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
