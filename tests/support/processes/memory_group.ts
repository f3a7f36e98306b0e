/**
 * A process group inside one program, which exchanges data in memory.
 *
 * @module
 */
import type { ProcessGroup } from "@transformer-xl/runtime";

/** One operation that all members take part in. */
interface Meeting {
  readonly kind: string;
  readonly given: Map<number, Uint8Array<ArrayBuffer>>;
  readonly all: PromiseWithResolvers<Uint8Array<ArrayBuffer>[]>;
}

/** Groups of `size` members that run side by side. */
export function memoryGroups(size: number): ProcessGroup[] {
  const meetings: Meeting[] = [];
  return Array.from({ length: size }, (_, rank) => new MemoryGroup(rank, size, meetings));
}

class MemoryGroup implements ProcessGroup {
  readonly rank: number;
  readonly size: number;
  readonly backend = "ring";
  readonly #meetings: Meeting[];
  #calls = 0;

  constructor(rank: number, size: number, meetings: Meeting[]) {
    this.rank = rank;
    this.size = size;
    this.#meetings = meetings;
  }

  async allReduceMean(values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    const own = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
    const parts = (await this.#meet("allReduceMean", own)).map((part) =>
      new Float32Array(part.buffer)
    );
    const mean = new Float32Array(values.length);
    for (const part of parts) for (let i = 0; i < mean.length; i++) mean[i]! += part[i]!;
    for (let i = 0; i < mean.length; i++) mean[i]! /= this.size;
    return mean;
  }

  async broadcast(bytes: Uint8Array<ArrayBuffer>, root = 0): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#meet("broadcast", bytes.slice()))[root]!.slice();
  }

  async allGather(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
    return (await this.#meet("allGather", bytes.slice())).map((part) => part.slice());
  }

  async barrier(): Promise<void> {
    await this.#meet("barrier", new Uint8Array());
  }

  abort(code: number): never {
    throw new Error(`aborted with ${code}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #meet(kind: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>[]> {
    const meeting = this.#meetings[this.#calls++] ??= {
      kind,
      given: new Map(),
      all: Promise.withResolvers(),
    };
    if (meeting.kind !== kind) throw new Error(`${this.rank} calls ${kind}, not ${meeting.kind}`);
    meeting.given.set(this.rank, bytes);
    if (meeting.given.size === this.size) {
      const ranks = Array.from({ length: this.size }, (_, rank) => rank);
      meeting.all.resolve(ranks.map((rank) => meeting.given.get(rank)!));
    }
    return meeting.all.promise;
  }
}
