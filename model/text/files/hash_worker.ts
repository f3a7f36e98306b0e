/**
 * The worker thread that hashes one file. It imports nothing else of the package, so
 * that it starts at once.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { HashedBytes, HashRequest } from "./hash_thread.ts";

/** The used part of the worker's global scope. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<HashRequest>) => void) | null;
  postMessage(answer: HashedBytes): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data: { path, chunkBytes } }) => {
  using file = Deno.openSync(path);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(chunkBytes);
  let bytes = 0;
  for (let read = file.readSync(buffer); read !== null; read = file.readSync(buffer)) {
    hash.update(buffer.subarray(0, read));
    bytes += read;
  }
  scope.postMessage({ bytes, sha256: hash.digest("hex") });
};
