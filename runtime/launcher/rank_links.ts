/**
 * The launcher's side of the connections to its processes.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import type { Failure, RankMessage } from "./wire.ts";

/** What one process has said so far. */
export class RankLink {
  /** When it was last heard, on the clock of `performance.now()`; undefined while not connected. */
  lastHeardMs: number | undefined;
  /** Why it ends, if it said so. */
  failure: Failure | undefined;
  readonly #closed = Promise.withResolvers<void>();

  /** Resolves when it will say nothing more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Nothing more is heard, so no heartbeat is missed. */
  close(): void {
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
  readonly #connections = new Set<Deno.Conn>();

  private constructor(listener: Deno.Listener, size: number) {
    const { addr } = listener;
    this.address = addr.transport === "unix"
      ? addr.path
      : `${(addr as Deno.NetAddr).hostname}:${(addr as Deno.NetAddr).port}`;
    this.#listener = listener;
    this.#links = Array.from({ length: size }, () => new RankLink());
    void this.#accept();
  }

  /** Listens at `path`, or on the loopback device where there are no Unix sockets. */
  static open(path: string, size: number): RankLinks {
    const listener = Deno.build.os === "windows"
      ? Deno.listen({ hostname: "127.0.0.1", port: 0 })
      : Deno.listen({ transport: "unix", path });
    return new RankLinks(listener as Deno.Listener, size);
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
    let link: RankLink | undefined;
    try {
      const lines = connection.readable
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new TextLineStream());
      for await (const line of lines) {
        const message: RankMessage = JSON.parse(line);
        if (message.kind === "join") link = this.#links[message.rank];
        if (message.kind === "failure" && link) link.failure = message;
        if (link) link.lastHeardMs = performance.now();
      }
    } catch {
      // A process that was killed may leave half a line or a reset connection.
    } finally {
      this.#connections.delete(connection);
      close(connection);
      link?.close();
    }
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The end of the stream has closed it.
  }
}
