/**
 * A local server of one file with the habits of real ones.
 *
 * @module
 */

/** Habits of a server. */
export interface ServerHabits {
  /** Whether it answers ranges. */
  readonly ranges?: boolean;
  /** Its entity tag; none if undefined. */
  readonly etag?: string;
  /** Bytes after which the connection breaks, one entry per answer; whole answers after them. */
  readonly breaks?: readonly number[];
  /** Bytes after which nothing more arrives, one entry per answer. */
  readonly stalls?: readonly number[];
  /** Status of the first answers. */
  readonly statuses?: readonly number[];
  /** Whether the length is told. */
  readonly length?: boolean;
}

/** A running server. */
export class FileServer implements AsyncDisposable {
  /** Ranges that were asked for, null for the whole file. */
  readonly asked: (string | null)[] = [];
  /** The content; may be exchanged. */
  content: Uint8Array<ArrayBuffer>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #end = new AbortController();

  /** Serves `content` at every address but `/redirect`, which leads to `/`, and `/missing`. */
  constructor(content: Uint8Array<ArrayBuffer>, habits: ServerHabits = {}) {
    this.content = content;
    this.#server = Deno.serve(
      {
        hostname: "127.0.0.1",
        port: 0,
        onListen() {},
        signal: this.#end.signal,
        onError: () => new Response(null, { status: 500 }),
      },
      (request) => this.#answer(request, habits),
    );
  }

  /** Address of the file under some name. */
  url(name: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}/${name}`;
  }

  #answer(request: Request, habits: ServerHabits): Response {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/redirect/")) {
      return Response.redirect(this.url(pathname.slice("/redirect/".length)));
    }
    if (pathname === "/missing") return new Response("none", { status: 404 });
    const range = request.headers.get("range");
    const count = this.asked.push(range) - 1;
    const status = habits.statuses?.[count];
    if (status !== undefined && status !== 200) return new Response("no", { status });
    const { content } = this;
    const headers = new Headers();
    if (habits.etag !== undefined) headers.set("etag", habits.etag);
    const condition = request.headers.get("if-range");
    const isSame = condition === null || condition === habits.etag;
    const from = habits.ranges === true && range !== null && isSame
      ? Number(/^bytes=(\d+)-$/.exec(range)![1])
      : 0;
    if (from > 0 && from >= content.length) {
      return new Response(null, {
        status: 416,
        headers: { "content-range": `bytes */${content.length}` },
      });
    }
    if (from > 0) {
      headers.set("content-range", `bytes ${from}-${content.length - 1}/${content.length}`);
    }
    const rest = content.subarray(from);
    if (habits.length === false) {
      return new Response(new Blob([rest]).stream(), { status: from > 0 ? 206 : 200, headers });
    }
    headers.set("content-length", String(rest.length));
    const cut = habits.breaks?.[count] ?? habits.stalls?.[count];
    const stalls = habits.stalls?.[count] !== undefined;
    const body = cut === undefined ? rest : cutStream(rest.subarray(0, cut), stalls);
    return new Response(body, { status: from > 0 ? 206 : 200, headers });
  }

  /** Ends the server and its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#server.finished;
  }
}

/** Some bytes, then nothing, or an error that breaks the connection. */
function cutStream(
  bytes: Uint8Array<ArrayBuffer>,
  stalls: boolean,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (!sent) {
        sent = true;
        controller.enqueue(bytes);
        return;
      }
      if (stalls) return new Promise(() => {});
      // After the bytes have left, so that the client sees them.
      return new Promise<void>((resolve) =>
        setTimeout(() => {
          controller.error(new Error("cut"));
          resolve();
        }, 50)
      );
    },
  });
}
