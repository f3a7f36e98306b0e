/**
 * Disks that are full for some writes.
 *
 * @module
 */

/** Runs `body` while writes to files fail as on a full disk, as often as `refuses` says so. */
export async function withFullDisk<T>(refuses: () => boolean, body: () => Promise<T>): Promise<T> {
  const { write } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.write = function (bytes) {
    if (!refuses()) return write.call(this, bytes);
    const error = new Error("No space left on device (os error 28)");
    return Promise.reject(Object.assign(error, { code: "ENOSPC" }));
  };
  try {
    return await body();
  } finally {
    Deno.FsFile.prototype.write = write;
  }
}

/** Whether the n-th call is refused, from 1. */
export function nth(n: number): () => boolean {
  let calls = 0;
  return () => ++calls === n;
}
