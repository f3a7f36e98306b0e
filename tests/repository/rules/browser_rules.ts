/**
 * Rule about code that also runs in browsers: the modules that an entry reaches, types included.
 *
 * @module
 */
import type { Offences } from "./architecture_rules.ts";
import { importsOf, resolvePath, withoutComments } from "./source_tree.ts";

/** The text of a file by its path from the root. */
export type ReadFile = (path: string) => string;

/** Packages that run in browsers. */
const PACKAGES: readonly string[] = [
  "@huggingface/tokenizers",
  "gpt-tokenizer/bpeRanks/r50k_base",
  "zod",
];

/** The one file that asks whether the host is Deno; elsewhere it does without. */
const HOST_QUESTION = "runtime/base/available_memory.ts";

const HOST_NAMES = /\bDeno\s*[.?[]|\bprocess\s*\.|["']node:|\bimport\.meta\b/;

/** What the modules that `entries` reach need of Deno, of Node, or of unknown packages. */
export function browserOffences(entries: readonly string[], read: ReadFile): Offences {
  const offences: string[] = [];
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path) || !path.endsWith(".ts")) return;
    seen.add(path);
    const text = read(path);
    const name = path === HOST_QUESTION ? null : HOST_NAMES.exec(codeOf(text));
    if (name !== null) offences.push(`${path} holds "${name[0]}"`);
    for (const specifier of importsOf({ path, text })) {
      if (PACKAGES.includes(specifier)) continue;
      const target = resolve(path, specifier, read);
      if (target === undefined) offences.push(`${path} imports "${specifier}"`);
      else visit(target);
    }
  };
  for (const entry of entries) visit(entry);
  return offences;
}

function resolve(path: string, specifier: string, read: ReadFile): string | undefined {
  if (specifier.startsWith(".")) return resolvePath(path, specifier);
  const [, member, entry] = /^@transformer-xl\/(\w+)(\/\w+)?$/.exec(specifier) ?? [];
  if (member === undefined) return undefined;
  const { exports } = JSON.parse(read(`${member}/deno.json`)) as {
    exports: string | Readonly<Record<string, string>>;
  };
  const target = typeof exports === "string" ? exports : exports[`.${entry ?? ""}`];
  return target && resolvePath(`${member}/deno.json`, target);
}

/** A module without comments; those behind code go where no string can hold them. */
function codeOf(text: string): string {
  return withoutComments(text).replaceAll(/\s\/\/ [^"'`]*$/gm, "");
}
