/**
 * Unpacking of downloads or of files of the user into the text files of a data set.
 *
 * @module
 */
import { DataError, formatBytes, quoted, writeAll } from "@transformer-xl/runtime";
import type { Member } from "./archive/member.ts";
import { membersOf } from "./archive/members.ts";
import type { Source, TextPart } from "./sources/source.ts";
import { Checksummer, compare, type Verdict } from "./transfer/checksums.ts";

/** A file to unpack. */
export interface Packed {
  /** Path. */
  readonly path: string;
  /** Name with the folders in which it was found. */
  readonly name: string;
}

/** A text file that was written. */
export interface TextFile {
  /** Name in the prepared folder. */
  readonly path: string;
  /** Length. */
  readonly bytes: number;
  /** Checksum. */
  readonly sha256: string;
  /** Whether it is the published one. */
  readonly verdict: Verdict;
}

/** A text file that is being written. */
class TextWriter implements Disposable {
  readonly part: TextPart;
  readonly #file: Deno.FsFile;
  readonly #summer: Checksummer;
  #bytes = 0;

  private constructor(part: TextPart, file: Deno.FsFile) {
    this.part = part;
    this.#file = file;
    this.#summer = new Checksummer(Object.keys(part.checksums ?? {}));
  }

  static async create(part: TextPart, path: string): Promise<TextWriter> {
    return new TextWriter(part, await Deno.open(path, { write: true, createNew: true }));
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#summer.update(bytes);
    this.#bytes += bytes.length;
    await writeAll(this.#file, bytes);
  }

  /** Makes the content durable. */
  async finish(path: string): Promise<TextFile> {
    await this.#file.sync();
    const checksums = this.#summer.checksums();
    return {
      path,
      bytes: this.#bytes,
      sha256: checksums.sha256,
      verdict: compare(checksums, this.part.checksums),
    };
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/**
 * Unpacks files into an empty folder. Names in archives choose among the data set's own file names
 * and never become paths; links are refused.
 *
 * @param progress called with the bytes written
 * @returns the text files, by name
 * @throws {DataError} when a file is damaged, too large, or a text is missing, empty or there twice
 */
export async function unpack(
  source: Source,
  packed: readonly Packed[],
  folder: string,
  progress: (bytes: number) => void,
): Promise<TextFile[]> {
  const writers = new Map<string, TextWriter>();
  using owned = new DisposableStack();
  let total = 0;
  for (const { path, name } of packed) {
    for await (const member of membersOf(path, name, source.emptyRow ?? "\n")) {
      const parts = partsOf(source, member, name);
      if (parts.length === 0) continue;
      if (member.kind === "link") {
        throw new DataError(
          `Cannot unpack ${quoted(path)}: ${quoted(member.name)} is a link, a file is wanted`,
        );
      }
      const targets: TextWriter[] = [];
      for (const [file, part] of parts) {
        const known = writers.get(file);
        if (known !== undefined && !member.joins) {
          throw new DataError(
            `Cannot unpack ${quoted(path)}: ${quoted(member.name)} is ${quoted(file)}, which is ` +
              "there already; give one file for each text",
          );
        }
        const writer = known ?? owned.use(await TextWriter.create(part, `${folder}/${file}`));
        writers.set(file, writer);
        targets.push(writer);
      }
      for await (const chunk of member.chunks()) {
        total += chunk.length * targets.length;
        if (total > source.maxBytes) {
          throw new DataError(
            `Cannot unpack ${quoted(path)}: it unpacks to more than ` +
              `${formatBytes(source.maxBytes)}, which no genuine copy of ${source.title} does`,
          );
        }
        for (const writer of targets) await writer.write(chunk);
        progress(total);
      }
    }
  }
  refuseMissing(source, packed, writers);
  const files: TextFile[] = [];
  for (const [path, writer] of [...writers].sort(([a], [b]) => a < b ? -1 : 1)) {
    const file = await writer.finish(path);
    if (file.bytes === 0) {
      throw new DataError(
        `Cannot prepare ${source.title}: ${quoted(path)} would be empty; give a file with text`,
      );
    }
    files.push(file);
  }
  return files;
}

/** The text files that a member becomes. A data set of one text takes a plain file of any name. */
function partsOf(source: Source, member: Member, plainName: string): [string, TextPart][] {
  const matching = source.parts.flatMap((part): [string, TextPart][] => {
    const match = part.entry.exec(member.name);
    return match === null ? [] : [[part.path.replace("$1", match[1] ?? ""), part]];
  });
  const [only, ...others] = source.parts;
  const isPlain = member.name === plainName || `${member.name}.gz` === plainName;
  if (matching.length > 0 || others.length > 0 || !isPlain) return matching;
  return [[only!.path, only!]];
}

function refuseMissing(
  source: Source,
  packed: readonly Packed[],
  writers: ReadonlyMap<string, TextWriter>,
): void {
  for (const part of source.parts) {
    const { path, count = 1 } = part;
    const found = [...writers.values()].filter((writer) => writer.part === part).length;
    if (found >= count) continue;
    const wanted = path.replace("$1", "*");
    throw new DataError(
      `Cannot prepare ${source.title}: ${packed.map(({ name }) => quoted(name)).join(", ")} ` +
        (count === 1
          ? `has no ${quoted(wanted)}; give all files of the data set`
          : `has ${found} of ${count} files ${quoted(wanted)}; give all of them`),
    );
  }
}
