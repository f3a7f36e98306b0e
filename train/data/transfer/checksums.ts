/**
 * Checksums of files, and their comparison with published ones.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { type Algorithm, ALGORITHMS, type Checksums } from "../sources/source.ts";
import { FileBytes } from "../archive/file_bytes.ts";

/** Names of the algorithms in messages. */
const TITLES: Readonly<Record<Algorithm, string>> = {
  sha256: "SHA-256",
  sha1: "SHA-1",
  md5: "MD5",
};

/** Checksums of bytes that are fed in pieces. */
export class Checksummer {
  readonly #hashes: readonly (readonly [Algorithm, Hash])[];

  /** SHA-256, and the algorithms of `known`. */
  constructor(known: Iterable<string> = []) {
    const wanted = new Set<string>(["sha256", ...known]);
    this.#hashes = ALGORITHMS.filter((name) => wanted.has(name))
      .map((name) => [name, createHash(name)] as const);
  }

  /** Adds bytes. */
  update(bytes: Uint8Array): void {
    for (const [, hash] of this.#hashes) hash.update(bytes);
  }

  /** The checksums; call it once. */
  checksums(): Checksums & { readonly sha256: string } {
    const entries = this.#hashes.map(([name, hash]) => [name, hash.digest("hex")]);
    return Object.fromEntries(entries) as { sha256: string };
  }
}

/** Checksums of a file. */
export async function checksumsOf(
  path: string,
  known: Iterable<string>,
  progress: (bytes: number, total: number) => void = () => {},
): Promise<Checksums & { readonly sha256: string }> {
  using file = await FileBytes.open(path);
  const summer = new Checksummer(known);
  let done = 0;
  for await (const chunk of file.chunks()) {
    summer.update(chunk);
    progress(done += chunk.length, file.size);
  }
  return summer.checksums();
}

/** Comparison with published checksums: by the strongest that is known, or none is known. */
export type Verdict =
  | { readonly kind: "equal"; readonly by: string }
  | { readonly kind: "different"; readonly is: string; readonly published: string }
  | { readonly kind: "unknown" };

/** Compares computed checksums with published ones. */
export function compare(computed: Checksums, published: Checksums = {}): Verdict {
  const by = ALGORITHMS.find((name) => published[name] !== undefined && computed[name]);
  if (by === undefined) return { kind: "unknown" };
  return computed[by] === published[by] ? { kind: "equal", by: TITLES[by] } : {
    kind: "different",
    is: `${TITLES[by]} ${computed[by]}`,
    published: published[by]!,
  };
}
