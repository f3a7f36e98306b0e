/**
 * Closing what the other end, or a time limit, may have closed before.
 *
 * @module
 */

/** Closes a connection or listener that may be closed already. */
export function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
