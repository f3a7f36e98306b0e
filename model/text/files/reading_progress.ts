/**
 * Progress of reading a text: a long one takes minutes, in which a program shows how far it is.
 *
 * @module
 */
import { formatBytes, type ProgressLine } from "@transformer-xl/runtime";
import { basename } from "node:path";

/** How far the reading of a file is. */
export interface Reading {
  /** Path. */
  readonly path: string;
  /** Bytes that were read. */
  readonly bytes: number;
  /** Bytes of the file when it was opened. */
  readonly totalBytes: number;
}

let watcher: ((reading: Reading) => void) | undefined;

/** Calls `listener` after every chunk of a file that this thread reads, until it is disposed. */
export function watchReading(listener: (reading: Reading) => void): Disposable {
  const before = watcher;
  watcher = listener;
  return { [Symbol.dispose]: () => void (watcher = before) };
}

/** Tells the listener, if there is one. */
export function reportReading(reading: Reading): void {
  watcher?.(reading);
}

/** Shows the files that are read on a progress line until it is disposed. */
export function showReading(line: ProgressLine): Disposable {
  let bytesBefore = 0;
  let files = 0;
  let last: Reading | undefined;
  const startMs = performance.now();
  const watch = watchReading((reading) => {
    if (reading.path !== last?.path) {
      bytesBefore += last?.bytes ?? 0;
      files++;
    }
    last = reading;
    if (!line.shows) return;
    const { path, bytes, totalBytes } = reading;
    const perMs = (bytesBefore + bytes) / Math.max(1, performance.now() - startMs);
    line.update(
      [
        `reading ${basename(path)}${files > 1 ? ` (file ${files})` : ""}`,
        `${formatBytes(bytes)} / ${formatBytes(totalBytes)}`,
        `${formatBytes(1000 * perMs)}/s`,
      ].join(" | "),
    );
  });
  return {
    [Symbol.dispose]() {
      watch[Symbol.dispose]();
      line.clear();
    },
  };
}
