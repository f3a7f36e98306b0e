/**
 * The launcher's side of the connections to its processes.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import { type Failure, parseMessage } from "./wire.ts";

/** Bytes that a process may say without ending a line. */
const MAX_PENDING_BYTES = 256 * 1024;

/** Time for a caller to say who it is. */
const GREETING_MS = 10_000;

/** What one process has said so far. */
export class RankLink {
  /** When it was last heard, on the clock of `performance.now()`; undefined while not connected. */
  lastHeardMs: number | undefined;
  /** Why it ends, if it said so. */
  failure: Failure | undefined;
  #isOpen = false;
  #wasOpened = false;
  readonly #closed = Promise.withResolvers<void>();

  /** Resolves when it will say nothing more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Records a heartbeat, between the beginning and the end of the process's own connection. */
  hear(): void {
    if (this.#isOpen) this.lastHeardMs = performance.now();
  }

  /** Begins to listen; false when a process has this link already. */
  open(): boolean {
    if (this.#wasOpened) return false;
    this.#wasOpened = this.#isOpen = true;
    return true;
  }

  /** Nothing more is heard, so no heartbeat is missed. */
  close(): void {
    this.#isOpen = false;
    this.lastHeardMs = undefined;
    this.#closed.resolve();
  }
}

/** One socket at which every process of a job reports. */
export class RankLinks implements Disposable {
  /** What the processes connect to. */
  readonly address: string;
  readonly #listener: Deno.Listener;
  readonly #links: readonly RankLink[];
  readonly #token: string;
  readonly #connections = new Set<Deno.Conn>();

  private constructor(listener: Deno.Listener, size: number, token: string) {
    const { addr } = listener;
    this.address = addr.transport === "unix"
      ? addr.path
      : `${(addr as Deno.NetAddr).hostname}:${(addr as Deno.NetAddr).port}`;
    this.#listener = listener;
    this.#token = token;
    this.#links = Array.from({ length: size }, () => new RankLink());
    void this.#accept();
  }

  /**
   * Listens at `path`, or on the loopback device where there are no Unix sockets.
   *
   * @param token what a process of the job says first
   */
  static open(path: string, size: number, token: string): RankLinks {
    const listener = Deno.build.os === "windows"
      ? Deno.listen({ hostname: "127.0.0.1", port: 0 })
      : Deno.listen({ transport: "unix", path });
    return new RankLinks(listener as Deno.Listener, size, token);
  }

  /** What process `rank` has said. */
  of(rank: number): RankLink {
    return this.#links[rank]!;
  }

  /** Ends every connection, and with them the processes that are left. */
  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) void this.#listenTo(connection);
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #listenTo(connection: Deno.Conn): Promise<void> {
    this.#connections.add(connection);
    const timer = setTimeout(() => close(connection), GREETING_MS);
    let link: RankLink | undefined;
    let isOwner = false;
    try {
      const lines = connection.readable
        .pipeThrough(bounded(MAX_PENDING_BYTES))
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new TextLineStream());
      for await (const line of lines) {
        const message = parseMessage(line);
        if (message === undefined) return; // a stranger
        if (message.kind === "join" || message.kind === "beats") {
          if (link !== undefined || message.token !== this.#token) return;
          link = this.#links[message.rank];
          isOwner = message.kind === "join";
          if (link === undefined || isOwner && !link.open()) {
            link = undefined;
            return;
          }
          clearTimeout(timer);
        } else if (message.kind === "failure" && link) link.failure = message;
        link?.hear();
      }
    } catch {
      // A process that was killed may leave half a line or a reset connection.
    } finally {
      clearTimeout(timer);
      this.#connections.delete(connection);
      close(connection);
      if (isOwner) link?.close();
    }
  }
}

/** Ends a stream in which no line ends for `most` bytes. */
function bounded(most: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let pending = 0;
  return new TransformStream({
    transform(chunk, controller) {
      const end = chunk.lastIndexOf(10);
      pending = end < 0 ? pending + chunk.length : chunk.length - end - 1;
      if (pending > most) controller.error(new RangeError("a line without an end"));
      else controller.enqueue(chunk);
    },
  });
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The end of the stream has closed it.
  }
}
