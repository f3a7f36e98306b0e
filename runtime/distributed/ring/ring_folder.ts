/**
 * The private folder in which ranks publish their sockets when another launcher started them.
 *
 * @module
 */

const PREFIX = "txl-ring-";
const LEFT_OVER_MS = 600_000; // a ring is formed, and its folder removed, in less

/** Creates a folder (mode 0700), and removes those of killed jobs. */
export async function makeRingFolder(): Promise<string> {
  const path = await Deno.makeTempDir({ prefix: PREFIX });
  await sweepFolders(path.slice(0, path.lastIndexOf("/")), PREFIX, LEFT_OVER_MS);
  return path;
}

/** Removes folders of this user with this prefix that have not changed for this time. */
export async function sweepFolders(parent: string, prefix: string, ageMs: number): Promise<void> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(parent)) {
      if (!isDirectory || !name.startsWith(prefix)) continue;
      const path = `${parent}/${name}`;
      const { mtime } = await Deno.lstat(path);
      if (Date.now() - (mtime?.getTime() ?? Date.now()) < ageMs) continue;
      await Deno.remove(path, { recursive: true }).catch(() => {}); // of another user
    }
  } catch {
    // Folders that cannot be listed, or disappear meanwhile, are skipped.
  }
}
