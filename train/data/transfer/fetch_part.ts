/**
 * One request of a download: the missing bytes where the server still has the same version, else all
 * of them.
 *
 * @module
 */
import { formatBytes, messageOf, writeAll } from "@transformer-xl/runtime";
import type { PublishedFile } from "../sources/source.ts";
import type { PartFile, ServerVersion } from "./part_file.ts";

/** An answer that no repetition improves; another address may. */
export class Refused extends Error {
  /** Name of the class. */
  override readonly name = "Refused";
}

/** A connection that ended or stalled; the next request goes on. */
export class Interrupted extends Error {
  /** Name of the class. */
  override readonly name = "Interrupted";
}

/** Progress and limits of a request. */
export interface RequestOptions {
  /** Called with the bytes that are there and the total, where it is known. */
  readonly progress: (bytes: number, total: number | undefined) => void;
  /** Time without a byte before a request counts as interrupted. */
  readonly stallMs: number;
  /** Most bytes of a file of unknown length. */
  readonly maxBytes: number;
}

/** Statuses that may pass: timeout, too many requests, and errors of the server. */
const MAY_PASS = (status: number) => status === 408 || status === 429 || status >= 500;

/** A timer that aborts a request unless it is wound up again. */
class StallTimer implements Disposable {
  readonly #controller = new AbortController();
  readonly #stallMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
    this.wind();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Restarts the time. */
  wind(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), this.#stallMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#controller.abort(); // ends the connection of an answer that is not read to its end
  }
}

/**
 * Fetches what is missing of `part`.
 *
 * @returns whether earlier bytes were kept
 * @throws {Refused} when the server has another file or none
 * @throws {Interrupted} when the connection fails; received bytes stay in `part`
 */
export async function fetchPart(
  url: string,
  part: PartFile,
  published: PublishedFile,
  { progress, stallMs, maxBytes }: RequestOptions,
): Promise<boolean> {
  using timer = new StallTimer(stallMs);
  const request = await rangeRequest(url, part, published);
  let answer: Response;
  try {
    answer = await fetch(url, { headers: request.headers, signal: timer.signal });
  } catch (error) {
    throw new Interrupted(timer.signal.aborted ? stalled(stallMs) : reasonOf(error));
  }
  const { status, headers } = answer;
  if (status === 416) {
    const [, total] = /^bytes \*\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
    if (Number(total) === request.from) return true; // complete, but not yet verified
    await part.remove();
    throw new Interrupted("the partial file is no part of the file on the server");
  }
  if (status !== 200 && status !== 206) {
    const sentence = `it answers ${status}${answer.statusText && ` ${answer.statusText}`}`;
    throw MAY_PASS(status) ? new Interrupted(sentence) : new Refused(sentence);
  }
  const range = /^bytes (\d+)-\d*\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  if (status === 206 && Number(range?.[1]) !== request.from) {
    await part.remove();
    throw new Interrupted("it answers another range of bytes than asked for");
  }
  const from = status === 206 ? request.from : 0;
  const total = totalBytes(status === 206 ? range![2]! : headers.get("content-length"));
  if (total !== undefined && published.bytes !== undefined && total !== published.bytes) {
    throw new Refused(`it offers ${total} bytes, ${published.bytes} are published`);
  }
  const wanted = total ?? published.bytes;
  const version = { url, validator: validatorOf(headers) };
  let bytes = from;
  using file = await part.open(version, from);
  const body = answer.body?.getReader();
  for (;;) {
    let chunk;
    try {
      chunk = await body?.read();
    } catch (error) {
      throw new Interrupted(timer.signal.aborted ? stalled(stallMs) : reasonOf(error));
    }
    if (chunk === undefined || chunk.done) break;
    timer.wind();
    bytes += chunk.value.length;
    if (bytes > (wanted ?? maxBytes)) {
      await part.remove();
      throw new Refused(`it sends more than ${formatBytes(wanted ?? maxBytes)}`);
    }
    await writeAll(file, chunk.value);
    progress(bytes, wanted);
  }
  if (wanted !== undefined && bytes < wanted) {
    throw new Interrupted(`the answer ended after ${bytes} of ${wanted} bytes`);
  }
  await file.sync();
  return from > 0;
}

/** The headers for the missing bytes; all bytes where nothing tells whether the version is the same. */
async function rangeRequest(
  url: string,
  part: PartFile,
  published: PublishedFile,
): Promise<{ readonly from: number; readonly headers: Record<string, string> }> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  const bytes = await part.bytes();
  const version: ServerVersion | undefined = await part.version();
  const validator = version?.url === url ? version.validator : null;
  // A published checksum tells whether the bytes of another version or address fit.
  const canTell = validator !== null || published.checksums !== undefined;
  if (bytes === 0 || version === undefined || !canTell) return { from: 0, headers };
  headers["range"] = `bytes=${bytes}-`;
  if (validator !== null) headers["if-range"] = validator;
  return { from: bytes, headers };
}

function validatorOf(headers: Headers): string | null {
  const tag = headers.get("etag");
  return tag !== null && !tag.startsWith("W/") ? tag : headers.get("last-modified");
}

function totalBytes(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

function stalled(stallMs: number): string {
  return `no byte arrived for ${stallMs / 1000} s`;
}

/** The innermost reason: outer ones repeat the address. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return messageOf(inner).replace(/ \(os error \d+\)/g, "").split(": ").at(-1)!;
}
