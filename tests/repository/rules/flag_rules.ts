/**
 * The rule about flags in sentences: a library's error says what it needs, and only a program, which
 * has flags, names them.
 *
 * @module
 */
import { evalSchema, generateSchema, inspectSchema } from "@transformer-xl/eval";
import { flagSpecs } from "@transformer-xl/runtime";
import { exportSchema, importSchema, trainSchema } from "@transformer-xl/train";
import type { Offences } from "./architecture_rules.ts";
import { memberOf, type SourceFile, withoutComments } from "./source_tree.ts";

/** Flags of the programs. */
const FLAGS = new Set(
  [trainSchema, evalSchema, generateSchema, inspectSchema, exportSchema, importSchema]
    .flatMap((schema) => flagSpecs(schema))
    .flatMap(({ name }) => [name, `no_${name}`]),
);

/** Files of programs: the command line, its schema, and the launcher, which hands flags on. */
const PROGRAM_FILES: readonly RegExp[] = [
  /\/(?:cli|config|main|process_flags|(?:ex|im)port_(?:config|main))\.ts$/,
  /^\w+\/settings\//,
  /^runtime\/flags\//,
  /^runtime\/distributed\/launcher\//,
  /^train\/quickstart\.ts$/, // runs the programs with flags
];

/** No string outside the programs names a flag. */
export function onlyProgramsNameFlags(files: readonly SourceFile[]): Offences {
  return files
    .filter(({ path }) => path.endsWith(".ts") && !["bench", "tests"].includes(memberOf(path)))
    .filter(({ path }) => !PROGRAM_FILES.some((pattern) => pattern.test(path)))
    .flatMap(({ path, text }) => {
      const code = withoutComments(text).replaceAll(/ \/\/ .*$/gm, "");
      return [...code.matchAll(/(?<![\w-])--([a-z]\w*)/g)].map(([, name]) => name!)
        .filter((name) => FLAGS.has(name))
        .map((name) => `${path} names --${name}`);
    });
}
