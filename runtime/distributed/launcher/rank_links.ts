/**
 * The launcher's side of the connections to its processes.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import { type Failure, parseMessage } from "./wire.ts";

/** Maximum length of a line in bytes. */
const MAX_PENDING_BYTES = 256 * 1024;

/** Time limit for the greeting of a caller. */
const GREETING_MS = 10_000;

/** Messages of one rank. */
export class RankLink {
  /** Time of the last heartbeat, as `performance.now()`; undefined while not connected. */
  lastHeardMs: number | undefined;
  /** Its reason for ending, if reported. */
  failure: Failure | undefined;
  #isOpen = false;
  #wasOpened = false;
  readonly #closed = Promise.withResolvers<void>();

  /** Resolves at the end of its messages. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Records a heartbeat, between the beginning and the end of the process's own connection. */
  hear(): void {
    if (this.#isOpen) this.lastHeardMs = performance.now();
  }

  /** Starts reading; false if the rank already has this link. */
  open(): boolean {
    if (this.#wasOpened) return false;
    this.#wasOpened = this.#isOpen = true;
    return true;
  }

  /** The connection ends, so no heartbeat is expected. */
  close(): void {
    this.#isOpen = false;
    this.lastHeardMs = undefined;
    this.#closed.resolve();
  }
}

/** The socket to which all ranks of a job connect. */
export class RankLinks implements Disposable {
  /** Address for the ranks. */
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
   * Listens at `path`, or on the loopback device without Unix sockets.
   *
   * @param token greeting of a rank of this job
   */
  static open(path: string, size: number, token: string): RankLinks {
    const listener = Deno.build.os === "windows"
      ? Deno.listen({ hostname: "127.0.0.1", port: 0 })
      : Deno.listen({ transport: "unix", path });
    return new RankLinks(listener as Deno.Listener, size, token);
  }

  /** Messages of `rank`. */
  of(rank: number): RankLink {
    return this.#links[rank]!;
  }

  /** Closes every connection, which ends the remaining processes. */
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
      // A killed process may leave an incomplete line or a reset connection.
    } finally {
      clearTimeout(timer);
      this.#connections.delete(connection);
      close(connection);
      if (isOwner) link?.close();
    }
  }
}

/** Ends a stream without a line break within `most` bytes. */
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
