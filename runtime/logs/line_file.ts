/**
 * An append-only file of whole lines.
 *
 * @module
 */
import { writeAllSync } from "../files/write_all.ts";
import { AppendFile, type LogFileOptions } from "./append_file.ts";

/** A file of lines, opened at the first write of text that ends with a line break. */
export class LineFile extends AppendFile {
  /** Does not open the file yet. */
  constructor(path: string, options: LogFileOptions = {}) {
    super(path, { ...options, entries: "lines", complete: endLine });
  }
}

/** Terminates an incomplete last line. */
function endLine(file: Deno.FsFile, size: number): void {
  if (size === 0) return;
  file.seekSync(-1, Deno.SeekMode.End);
  const last = new Uint8Array(1);
  file.readSync(last);
  if (last[0] !== 0x0a) writeAllSync(file, "\n");
}
