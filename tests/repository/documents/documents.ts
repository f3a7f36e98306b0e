/**
 * What the READMEs promise, as functions of their text: tables of flags, links with anchors, tasks
 * and excerpts. The tests apply them to the repository; `update_readme.ts` writes the tables.
 *
 * @module
 */
import { evalSchema } from "@transformer-xl/eval";
import { flagTable } from "@transformer-xl/runtime";
import { trainSchema } from "@transformer-xl/train";
import { MEMBERS, ROOT } from "../rules/source_tree.ts";

/** A Markdown file by its path from the root. */
export interface Document {
  /** Path with forward slashes. */
  readonly path: string;
  /** Content. */
  readonly text: string;
}

/** Pages beside the READMEs. */
export const PAGES: readonly string[] = ["train/several_gpus.md", "tests/fuzz/reliability.md"];

/** The front door, the README of every member that has one, and further pages. */
export function readDocuments(): readonly Document[] {
  const readmes = ["README.md", ...MEMBERS.map((member) => `${member}/README.md`)];
  return [...readmes, ...PAGES].flatMap((path) => {
    try {
      return [{ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
}

/** Tables of flags by the name in their marker, `<!-- flags:train -->`. */
const TABLES: ReadonlyMap<string, () => string> = new Map([
  ["train", () => flagTable(trainSchema)],
  ["eval", () => flagTable(evalSchema)],
]);

/**
 * The text with every table of flags as the schemas have it now.
 *
 * @throws {Error} when the markers of a table are missing
 */
export function withFlagTables(text: string): string {
  let updated = text;
  for (const [name, table] of TABLES) {
    const [open, close] = [`<!-- flags:${name} -->`, "<!-- /flags -->"];
    const from = updated.indexOf(open);
    const to = updated.indexOf(close, from);
    if (from < 0 || to < 0) {
      throw new Error(`Cannot write the flags of "${name}": ${open} ... ${close} is missing`);
    }
    updated = `${updated.slice(0, from + open.length)}\n\n${table()}\n\n${updated.slice(to)}`;
  }
  return updated;
}

/** Markdown without what is shown word for word: fenced blocks and inline code. */
function prose(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");
}

/** Anchors of the headings of a document, as code hosts make them. */
export function anchors(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ +(.*?) *$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      heading!.toLowerCase().replaceAll(/[^\w\s-]/g, "").replaceAll(/\s/g, "-")
    ),
  );
}

/** Relative links that lead nowhere, and anchors that no heading has. */
export function brokenLinks(documents: readonly Document[]): readonly string[] {
  return documents.flatMap(({ path, text }) =>
    [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
      if (/^[a-z]+:/.test(link!)) return [];
      const [file, anchor] = link!.split("#") as [string, string?];
      const target = file === "" ? path : new URL(file, `file:///${path}`).pathname.slice(1);
      const content = contentOf(target, documents);
      const reached = content !== undefined &&
        (anchor === undefined || anchors(content).has(anchor));
      return reached ? [] : [`${path} links to "${link}"`];
    })
  );
}

/** Text of a document or file; empty for a folder; undefined when there is no such thing. */
function contentOf(path: string, documents: readonly Document[]): string | undefined {
  const given = documents.find((document) => document.path === path);
  if (given !== undefined) return given.text;
  try {
    const url = new URL(path, ROOT);
    return Deno.statSync(url).isDirectory ? "" : Deno.readTextFileSync(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Tasks that the documents name and deno.json does not have. */
export function unknownTasks(
  documents: readonly Document[],
  tasks: readonly string[],
): readonly string[] {
  return documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\bdeno(?:@[\d.]+)? task ([a-z]\w*)/g)]
      .filter(([, task]) => !tasks.includes(task!))
      .map(([, task]) => `${path} names the task "${task}"`)
  );
}

/** Blocks marked `<!-- excerpt: path -->` that do not stand in that file word for word. */
export function staleExcerpts(documents: readonly Document[]): readonly string[] {
  const marked = /<!-- excerpt: (\S+) -->\s*^```[^\n]*\n([\s\S]*?)^```$/gm;
  return documents.flatMap(({ path, text }) =>
    [...text.matchAll(marked)]
      .filter(([, file, excerpt]) => contentOf(file!, documents)?.includes(excerpt!) !== true)
      .map(([, file, excerpt]) => `${path} shows "${excerpt!.split("\n")[0]}" of ${file}`)
  );
}
