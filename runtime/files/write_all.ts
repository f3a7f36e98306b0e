/**
 * Complete writes: a file, pipe or connection may accept fewer bytes than it is given.
 *
 * @module
 */

/** Bytes of one write call at most: Linux stops at 2 GiB, and this bounds copies in the kernel. */
const SLICE_BYTES = 64 << 20;

/** Writes all of `bytes`. */
export async function writeAll(
  sink: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await sink.write(bytes.subarray(done, done + SLICE_BYTES));
  }
}

/** As {@link writeAll}, before returning; of a text, its UTF-8 bytes. */
export function writeAllSync(
  sink: { writeSync(bytes: Uint8Array): number },
  content: Uint8Array | string,
): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  for (let done = 0; done < bytes.length;) {
    done += sink.writeSync(bytes.subarray(done, done + SLICE_BYTES));
  }
}
