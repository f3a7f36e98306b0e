/**
 * Private temporary folders of jobs, and removal of those that killed jobs left behind.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";

/**
 * Creates a folder (mode 0700) in the system's temporary one, and removes left-over folders of this
 * user with the same prefix.
 */
export async function makeTemporaryFolder(
  prefix: string,
  isLeftOver: (path: string) => Promise<boolean>,
): Promise<string> {
  const folder = resolve(await Deno.makeTempDir({ prefix }));
  const parent = dirname(folder);
  try {
    for await (const { name, isDirectory } of Deno.readDir(parent)) {
      const path = join(parent, name);
      if (!isDirectory || !name.startsWith(prefix) || path === folder) continue;
      if (!await isLeftOver(path)) continue;
      await Deno.remove(path, { recursive: true }).catch(() => {}); // of another user, or gone
    }
  } catch {
    // Folders that cannot be listed are skipped.
  }
  return folder;
}

/** Whether a file or folder exists and has not changed for more than `ageMs`. */
export async function isOlder(path: string, ageMs: number): Promise<boolean> {
  try {
    const { mtime } = await Deno.lstat(path);
    return mtime !== null && Date.now() - mtime.getTime() > ageMs;
  } catch {
    return false;
  }
}
