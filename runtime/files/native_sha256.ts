/**
 * The host's implementation of SHA-256, for files of gigabytes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Hash } from "../base/sha256.ts";

/** A SHA-256 that is fed in pieces. */
export function nativeSha256(): Hash {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
}
