/**
 * Files that the user already has: those of folders, and recognition of published ones.
 *
 * @module
 */
import { DataError, fileInfo, quoted } from "@transformer-xl/runtime";
import { basename, join } from "node:path";
import { ALGORITHMS, type Checksums, type Source, type Sources } from "./sources/source.ts";
import { checksumsOf, compare } from "./transfer/checksums.ts";
import type { Packed } from "./unpack.ts";

/** The data set that a file belongs to, and the name it was published under. */
interface Recognised {
  readonly dataset: string;
  readonly name: string;
  readonly by: string;
}

/**
 * The files of the given paths, in name order. A folder gives those that have the name of a text or
 * of a download of the data set; links in it are not followed.
 *
 * @throws {DataError} for missing paths and folders without such a file
 */
export async function filesToImport(
  source: Source,
  paths: readonly string[],
): Promise<readonly Packed[]> {
  const files: Packed[] = [];
  for (const path of paths) {
    const info = await fileInfo(path);
    if (info === undefined) {
      throw new DataError(`Cannot import ${quoted(path)}: it does not exist, a file is wanted`);
    }
    if (!info.isDirectory) {
      files.push({ path, name: basename(path) });
      continue;
    }
    const found = (await filesBelow(path, "")).filter(({ name }) => belongs(source, name));
    if (found.length === 0) {
      const names = source.parts.map((part) => quoted(part.path.replace("$1", "*")));
      throw new DataError(`Cannot import ${quoted(path)}: it holds none of ${names.join(", ")}`);
    }
    files.push(...found);
  }
  return files.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function filesBelow(folder: string, prefix: string): Promise<Packed[]> {
  const files: Packed[] = [];
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    if (name.startsWith(".")) continue;
    const path = join(folder, name);
    if (isFile) files.push({ path, name: prefix + name });
    else if (isDirectory) files.push(...await filesBelow(path, `${prefix}${name}/`));
  }
  return files;
}

function belongs(source: Source, name: string): boolean {
  const text = name.replace(/\.(?:gz|parquet)$/i, "");
  return source.parts.some(({ entry }) => entry.test(text));
}

/**
 * Says for each file whether it is a published one.
 *
 * @throws {DataError} when one belongs to another data set
 */
export async function recogniseFiles(
  dataset: string,
  sources: Sources,
  files: readonly Packed[],
  options: {
    readonly print: (line: string) => void;
    readonly progress: (action: string, bytes: number, total: number) => void;
  },
): Promise<void> {
  for (const { path, name } of files) {
    const computed = await checksumsOf(
      path,
      ALGORITHMS,
      (bytes, total) => options.progress(`verifying ${name}`, bytes, total),
    );
    const known = recognise(dataset, sources, computed);
    if (known === undefined) {
      options.print(`  ${name}: none of the published files, its SHA-256 is ${computed.sha256}`);
      continue;
    }
    if (known.dataset !== dataset) {
      throw new DataError(
        `Cannot import ${quoted(path)} as ${dataset}: it is ${known.name} of ${known.dataset}; ` +
          `import it as ${known.dataset}`,
      );
    }
    options.print(`  ${name}: ${known.name} of ${dataset}, ${known.by} as published`);
  }
}

/** A published file with these checksums, of `dataset` if it has one. */
function recognise(
  dataset: string,
  sources: Sources,
  computed: Checksums,
): Recognised | undefined {
  const names = [dataset, ...Object.keys(sources).filter((name) => name !== dataset)];
  for (const each of names) {
    const { variants, parts } = sources[each]!;
    const published = [
      ...variants.flat(),
      ...parts.map(({ path, checksums }) => ({ name: path, checksums })),
    ];
    for (const { name, checksums } of published) {
      const verdict = compare(computed, checksums);
      if (verdict.kind === "equal") return { dataset: each, name, by: verdict.by };
    }
  }
  return undefined;
}
