/**
 * The source files of the repository and what each of them imports.
 *
 * @module
 */

/** One file. */
export interface SourceFile {
  /** Path from the root of the repository, with slashes. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
}

/** The folders that hold source, lowest first. */
export const MEMBERS = [
  "runtime",
  "kernels",
  "model",
  "eval",
  "train",
  "bench",
  "tests",
] as const;

/** Root of the repository. */
export const ROOT: URL = new URL("../../../", import.meta.url);

/** Every `.ts` and `.wgsl` file of the members, and `mod.ts`, in path order. */
export function readSourceFiles(): readonly SourceFile[] {
  const paths = ["mod.ts", ...MEMBERS.flatMap((member) => walk(member))]
    .filter((path) => /\.(ts|wgsl)$/.test(path));
  return paths.sort().map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }));
}

function walk(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) =>
    isDirectory ? walk(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

/** The text of a TypeScript or WGSL file without comments that stand on lines of their own. */
export function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\*[\s\S]*?\*\//gm, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

const STATEMENT = /^\s*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"']+)["']/gm;
const EXPRESSION = /\bimport\(\s*["']([^"']+)["']/g;

/** Specifiers of every import of a TypeScript file: static, type-only, re-exported and dynamic. */
export function importsOf(file: SourceFile): readonly string[] {
  if (!file.path.endsWith(".ts")) return [];
  const code = withoutComments(file.text);
  return [...code.matchAll(STATEMENT), ...code.matchAll(EXPRESSION)].map(([, name]) => name!);
}

/** The path a relative specifier means, seen from `path`. */
export function resolvePath(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

/** The member a path lies in; "mod.ts" stands for the root. */
export function memberOf(path: string): string {
  return path.split("/")[0]!;
}
