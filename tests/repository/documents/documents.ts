/**
 * Checks of the Markdown pages: flag tables, links with anchors, tasks, commands and excerpts.
 *
 * Each check is a function of page texts. The tests apply them to the repository;
 * `update_readme.ts` writes the flag tables.
 *
 * @module
 */
import {
  EVAL_REFERENCE_FLAGS,
  evalSchema,
  generateSchema,
  inspectSchema,
} from "@transformer-xl/eval";
import { flagTable, type ForeignFlag, scanFlags } from "@transformer-xl/runtime";
import {
  exportSchema,
  importSchema,
  TRAIN_REFERENCE_FLAGS,
  trainSchema,
} from "@transformer-xl/train";
import { MEMBERS, readSourceFiles, ROOT } from "../rules/source_tree.ts";

/** A Markdown page. */
export interface Document {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  /** Content. */
  readonly text: string;
}

/** Every Markdown page of the repository, in path order, `README.md` of the root first. */
export function readDocuments(): readonly Document[] {
  const atRoot = [...Deno.readDirSync(ROOT)].map(({ name }) => name);
  const paths = [...atRoot, ...[".std", ...MEMBERS].flatMap(walk)]
    .filter((path) => path.endsWith(".md") && path !== "README.md").sort();
  return ["README.md", ...paths]
    .map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }));
}

function walk(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) =>
    isDirectory ? walk(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

/** The page with this path. */
export function documentAt(path: string): Document {
  return { path, text: Deno.readTextFileSync(new URL(path, ROOT)) };
}

/** Schemas by the name of their task and of their flag table, `<!-- flags:train -->`. */
const SCHEMAS = {
  train: trainSchema,
  eval: evalSchema,
  generate: generateSchema,
  inspect: inspectSchema,
  export: exportSchema,
  import: importSchema,
} as const;

/** Pages with a flag table, by the name of the table. */
export const FLAG_PAGES: ReadonlyMap<keyof typeof SCHEMAS, string> = new Map([
  ["train", "train/README.md"],
  ["eval", "eval/README.md"],
  ["generate", "eval/generating.md"],
  ["inspect", "eval/inspecting.md"],
  ["export", "train/exchange.md"],
  ["import", "train/importing_weights.md"],
]);

/**
 * The text with the flag table of `name` generated from its schema.
 *
 * @throws {Error} if the markers of the table are missing
 */
export function withFlagTable(name: keyof typeof SCHEMAS, text: string): string {
  const [open, close] = [`<!-- flags:${name} -->`, "<!-- /flags -->"];
  const from = text.indexOf(open);
  const to = text.indexOf(close, from);
  if (from < 0 || to < 0) {
    throw new Error(`Cannot write the flags of "${name}": ${open} ... ${close} is missing`);
  }
  const table = flagTable(SCHEMAS[name]);
  return `${text.slice(0, from + open.length)}\n\n${table}\n\n${text.slice(to)}`;
}

/** The page with the table of flags that set nothing, {@link withReferenceFlags}. */
export const REFERENCE_PAGE = "train/reference.md";

/**
 * The text with the table of the reference's flags that set nothing here, and of other names.
 *
 * @throws {Error} if the markers of the table are missing
 */
export function withReferenceFlags(text: string): string {
  const [open, close] = ["<!-- reference-flags -->", "<!-- /reference-flags -->"];
  const from = text.indexOf(open);
  const to = text.indexOf(close, from);
  if (from < 0 || to < 0) {
    throw new Error(`Cannot write the reference's flags: ${open} ... ${close} is missing`);
  }
  const lists = { train: TRAIN_REFERENCE_FLAGS, eval: EVAL_REFERENCE_FLAGS };
  const rows = new Map<string, string[]>();
  for (const [program, flags] of Object.entries(lists)) {
    for (const flag of flags) {
      const row = `\`--${flag.name}\`: ${effectOf(flag)}`;
      rows.set(row, [...rows.get(row) ?? [], program]);
    }
  }
  const lines = [...rows].map(([row, programs]) => `- ${row} (${programs.join(", ")}).`);
  return `${text.slice(0, from + open.length)}\n\n${lines.join("\n")}\n\n${text.slice(to)}`;
}

function effectOf(flag: ForeignFlag): string {
  try {
    return flag.answer([]).replace(/^--\w+: /, "");
  } catch (error) {
    return `rejected, ${(error as Error).message.replace(/^[^:]*: /, "")}`;
  }
}

/** Commands of shell blocks, without comments and with continued lines joined. */
export function commands(documents: readonly Document[]): readonly Document[] {
  return documents.flatMap(({ path, text }) =>
    [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
      block!.replaceAll("\\\n", " ").split("\n")
        .map((line) => line.replace(/(^|\s)#.*/, "").trim()).filter((line) => line !== "")
        .map((line) => ({ path, text: line.replaceAll(/\s+/g, " ") }))
    )
  );
}

/** Programs with flags by the path of their command line. */
const PROGRAMS = new Map<string, string>([
  ["train/cli.ts", "train"],
  ["eval/cli.ts", "eval"],
  ["eval/generation/cli.ts", "generate"],
  ["eval/inspection/cli.ts", "inspect"],
  ["train/exchange/export_main.ts", "export"],
  ["train/exchange/import_main.ts", "import"],
]);

/** Commands with a program that does not exist, or a flag that this program does not have. */
export function wrongCommands(documents: readonly Document[]): readonly string[] {
  return commands(documents).flatMap(({ path, text }) => {
    const deno = /\bdeno(?:@[\d.]+)? (task|run|test|compile) (.*)$/.exec(text);
    if (deno === null) return [];
    const words = shellWords(deno[2]!);
    const at = deno[1] === "task" ? 0 : words.findIndex((word) => /\.ts$/.test(word));
    const programs = deno[1] === "task" ? [] : words.filter((word) => /^\w+\/.*\.ts$/.test(word));
    const missing = programs.filter((program) => contentOf(program, documents) === undefined)
      .map((program) => `${path} runs "${program}"`);
    const name = deno[1] === "task" ? words[0]! : PROGRAMS.get(words[at]!);
    if (name === undefined || !Object.hasOwn(SCHEMAS, name)) return missing;
    try {
      const first = at + (name === "import" ? 2 : 1); // whose file stands before its flags
      scanFlags(SCHEMAS[name as keyof typeof SCHEMAS], words.slice(first));
    } catch (error) {
      return [...missing, `${path} types "${text}": ${(error as Error).message}`];
    }
    return missing;
  });
}

/** Words of a command line, with quoted ones unquoted. */
function shellWords(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, ...forms]) =>
    forms.find((form) => form !== undefined)!
  );
}

/** Markdown without fenced blocks and inline code. */
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

/** Relative links without a target, and anchors without a heading. */
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

/** Text of a page or file; empty for a folder; undefined if it does not exist. */
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

/** Tasks that pages name and deno.json does not have. */
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

/** Blocks marked `<!-- excerpt: path -->` that are not part of that file. */
export function staleExcerpts(documents: readonly Document[]): readonly string[] {
  const marked = /<!-- excerpt: (\S+) -->\s*^```[^\n]*\n([\s\S]*?)^```$/gm;
  return documents.flatMap(({ path, text }) =>
    [...text.matchAll(marked)]
      .filter(([, file, excerpt]) => contentOf(file!, documents)?.includes(excerpt!) !== true)
      .map(([, file, excerpt]) => `${path} shows "${excerpt!.split("\n")[0]}" of ${file}`)
  );
}

/** Source files in inline code, by path or by the end of one, that do not exist. */
export function unknownFiles(documents: readonly Document[]): readonly string[] {
  const paths = readSourceFiles().map(({ path }) => `/${path}`);
  return documents.flatMap(({ path, text }) =>
    [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`([\w/]+\.(?:ts|wgsl))`/g)]
      .filter(([, name]) => !paths.some((known) => known.endsWith(`/${name}`)))
      .map(([, name]) => `${path} names the file "${name}"`)
  );
}

/** The fenced blocks of a language, in order. */
export function codeBlocks(language: string, text: string): readonly string[] {
  const fenced = new RegExp(`^\`\`\`${language}\\b[^\n]*\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...text.matchAll(fenced)].map(([, block]) => block!);
}
