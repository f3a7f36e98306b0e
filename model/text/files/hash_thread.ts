/**
 * The hash of a long file, computed in another thread.
 *
 * @module
 */

/** The file to hash. */
export interface HashRequest {
  /** Its absolute path, or one relative to the working directory. */
  readonly path: string;
  /** Bytes read at a time. */
  readonly chunkBytes: number;
}

/** What was read. */
export interface HashedBytes {
  /** Their number. */
  readonly bytes: number;
  /** Their SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/**
 * Hashes a file in a thread of its own.
 *
 * @returns undefined if the thread failed: reading the file again tells why
 */
export async function hashInThread(request: HashRequest): Promise<HashedBytes | undefined> {
  const worker = new Worker(new URL("./hash_worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<HashedBytes>) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve(undefined);
      };
      send(worker, request);
    });
  } finally {
    worker.terminate();
  }
}

function send(worker: Worker, request: HashRequest): void {
  worker.postMessage(request);
}
