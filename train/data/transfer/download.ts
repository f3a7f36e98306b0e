/**
 * Downloads of files that resume where an earlier run ended, with checks of length and checksums.
 *
 * @module
 */
import { DataError, quoted } from "@transformer-xl/runtime";
import type { Download } from "../sources/source.ts";
import { checksumsOf, compare } from "./checksums.ts";
import { fetchPart, Interrupted, Refused } from "./fetch_part.ts";
import { PartFile } from "./part_file.ts";

/** Settings of downloads. */
export interface TransferOptions {
  /** Prints a line. */
  readonly print: (line: string) => void;
  /** Shows the state of a long action: bytes done, of a total where it is known. */
  readonly progress: (action: string, bytes: number, total: number | undefined) => void;
  /** Time without a byte before a request counts as interrupted. */
  readonly stallMs?: number | undefined;
  /** Requests in a row that bring no byte before an address is given up. */
  readonly attempts?: number | undefined;
  /** First pause between two requests; it doubles. */
  readonly pauseMs?: number | undefined;
  /** Most bytes of a file of unknown length. */
  readonly maxBytes: number;
}

/** A complete file. */
export interface DownloadedFile {
  /** Path. */
  readonly path: string;
  /** Its checksum. */
  readonly sha256: string;
}

const STALL_MS = 60_000;
const ATTEMPTS = 3;
const PAUSE_MS = 1000;

/** A file that no address gives, with the reason of each. */
export class Unreachable extends Error {
  /** Name of the class. */
  override readonly name = "Unreachable";
  /** `host: reason`, one per address. */
  readonly reasons: readonly string[];

  /** An error of one file. */
  constructor(reasons: readonly string[]) {
    super(reasons.join("; "));
    this.reasons = reasons;
  }
}

/**
 * Downloads a file into a folder, or accepts the one that is there.
 *
 * @throws {Unreachable} when no address gives it
 * @throws {DataError} when the file that is there differs from the published one
 */
export async function download(
  what: Download,
  folder: string,
  options: TransferOptions,
): Promise<DownloadedFile> {
  const path = `${folder}/${what.name}`;
  if (await isFile(path)) {
    const { sha256, problem } = await verify(path, what, options);
    if (problem === undefined) return { path, sha256 };
    throw new DataError(
      `Cannot use ${quoted(path)}: ${problem}; remove it, and it is downloaded again`,
    );
  }
  const reasons: string[] = [];
  for (const url of what.urls) {
    try {
      return { path, sha256: await fromAddress(url, path, what, options) };
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Interrupted)) throw error;
      const reason = `${new URL(url).host}: ${error.message}`;
      reasons.push(reason);
      options.print(`  ${reason}`);
    }
  }
  throw new Unreachable(reasons);
}

async function fromAddress(
  url: string,
  path: string,
  what: Download,
  options: TransferOptions,
): Promise<string> {
  const part = new PartFile(path);
  for (let fresh = false;; fresh = true) {
    const wasResumed = await untilComplete(url, part, what, options);
    const { sha256, problem } = await verify(part.path, what, options);
    if (problem === undefined) {
      await part.complete(path);
      return sha256;
    }
    await part.remove();
    // Bytes of an earlier run may be those of another version.
    if (!wasResumed || fresh) throw new Refused(problem);
    options.print(`  ${what.name}: ${problem}; starting anew`);
  }
}

/** Repeats requests while they bring bytes; true if bytes of an earlier run were kept. */
async function untilComplete(
  url: string,
  part: PartFile,
  what: Download,
  options: TransferOptions,
): Promise<boolean> {
  const { attempts = ATTEMPTS, pauseMs = PAUSE_MS, stallMs = STALL_MS, maxBytes } = options;
  const request = {
    stallMs,
    maxBytes,
    progress: (bytes: number, total: number | undefined) =>
      options.progress(what.name, bytes, total),
  };
  const before = await part.bytes();
  if (before > 0) options.print(`  ${what.name}: resuming behind ${before} bytes`);
  let wasResumed = false;
  for (let vain = 0;;) {
    const bytes = await part.bytes();
    try {
      return await fetchPart(url, part, what, request) || wasResumed;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      const now = await part.bytes();
      vain = now > bytes ? 0 : vain + 1;
      wasResumed ||= now > 0;
      if (vain >= attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** vain));
    }
  }
}

/** The checksum of a file, and what is wrong with it. */
async function verify(
  path: string,
  what: Download,
  options: TransferOptions,
): Promise<{ readonly sha256: string; readonly problem?: string }> {
  const { size } = await Deno.stat(path);
  const known = Object.keys(what.checksums ?? {});
  const computed = await checksumsOf(
    path,
    known,
    (bytes, total) => options.progress(`verifying ${what.name}`, bytes, total),
  );
  const verdict = compare(computed, what.checksums);
  const { sha256 } = computed;
  if (verdict.kind === "different") {
    return { sha256, problem: `it has ${verdict.is}, ${verdict.published} is published` };
  }
  if (what.bytes !== undefined && size !== what.bytes) {
    return { sha256, problem: `it has ${size} bytes, ${what.bytes} are published` };
  }
  options.print(
    verdict.kind === "equal"
      ? `  ${what.name}: ${size} bytes, ${verdict.by} as published`
      : `  ${what.name}: ${size} bytes, no checksum is published, its SHA-256 is ${sha256}`,
  );
  return { sha256 };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
