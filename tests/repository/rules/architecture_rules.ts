/**
 * The rules of the repository as functions from source files to violations. The tests apply them to
 * the repository and to small trees that break them.
 *
 * @module
 */
import {
  importsOf,
  memberOf,
  MEMBERS,
  resolvePath,
  type SourceFile,
  withoutComments,
} from "./source_tree.ts";

/** One sentence for each place that breaks a rule. */
export type Offences = readonly string[];

/** Longest file, in lines. */
export const MAX_LINES = 400;

/** Longest line of WGSL, in columns. */
export const MAX_COLUMNS = 100;

/** A rule. */
export type Rule = (files: readonly SourceFile[]) => Offences;

const MEMBER_NAME = /^@transformer-xl\/([\w-]+)(?:\/|$)/;

/** A member sees those below it; mod.ts sees those that a program is made of. */
export function arrowsPointDown(files: readonly SourceFile[]): Offences {
  const order: readonly string[] = [...MEMBERS.slice(0, -2), "mod.ts", ...MEMBERS.slice(-2)];
  return files.flatMap((file) => {
    const from = order.indexOf(memberOf(file.path));
    return importsOf(file).flatMap((specifier) => {
      const to = MEMBER_NAME.exec(specifier)?.[1];
      if (to === undefined) return [];
      const at = order.indexOf(to === "mod" ? "mod.ts" : to);
      const isSeen = at >= 0 && at < from;
      return isSeen ? [] : [`${file.path} imports "${specifier}"`];
    });
  });
}

/** A relative path never leaves its member. */
export function othersAreImportedByName(files: readonly SourceFile[]): Offences {
  return files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => specifier.startsWith("."))
      .filter((specifier) => memberOf(resolvePath(file.path, specifier)) !== memberOf(file.path))
      .map((specifier) => `${file.path} imports "${specifier}"`)
  );
}

/** No file imports itself through others, types included. */
export function importsHaveNoCircles(files: readonly SourceFile[]): Offences {
  const edges = new Map(files.map((file) => [
    file.path,
    importsOf(file).filter((specifier) => specifier.startsWith("."))
      .map((specifier) => resolvePath(file.path, specifier)),
  ]));
  const done = new Set<string>();
  const trail: string[] = [];
  const circles: string[] = [];
  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) circles.push([...trail.slice(at), path].join(" -> "));
    if (at >= 0 || done.has(path)) return;
    trail.push(path);
    for (const next of edges.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const { path } of files) visit(path);
  return circles;
}

/** Files are short. */
export function filesAreShort(files: readonly SourceFile[]): Offences {
  return files
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}

/** A file is named in snake_case and its head says what it is for; a test says so by its names. */
export function filesIntroduceThemselves(files: readonly SourceFile[]): Offences {
  return files.flatMap(({ path, text }) => {
    const offences: string[] = [];
    const name = path.split("/").at(-1)!;
    if (!/^[a-z0-9]+(_[a-z0-9]+)*\.(ts|wgsl)$/.test(name)) {
      offences.push(`${path} is not named in snake_case`);
    }
    const head = path.endsWith(".wgsl") ? /^\/\/ \S/ : /^\/\*\*\n(?: \*.*\n)* \* @module\n \*\/\n/;
    if (!head.test(text) && !name.endsWith("_test.ts")) {
      offences.push(`${path} does not start with what it is for`);
    }
    return offences;
  });
}

/** A head names its file's content: a noun phrase, neither a question nor a sentence about itself. */
const NO_NOUN_PHRASES = [
  ...["What", "Where", "How", "Whether", "Which", "When", "Why", "Who", "If", "From", "That"],
  ...["This", "It", "Is", "Are", "Make", "Makes", "Says", "Tells", "Sees", "Reads", "Writes"],
  ...["Walks", "Averages", "Keeps", "Gives", "Takes", "Finds", "Does"],
];
const HEAD_START = /^(?:\/\*\*\n \* |\/\/ )(\w+)/;

/** A file's head starts with a noun phrase. */
export function headsAreNounPhrases(files: readonly SourceFile[]): Offences {
  return files
    .map(({ path, text }) => ({ path, start: HEAD_START.exec(text)?.[1] }))
    .filter(({ start }) => start !== undefined && NO_NOUN_PHRASES.includes(start))
    .map(({ path, start }) => `the head of ${path} starts with "${start}"`);
}

const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;
const FILE_NAME = /(?<![\w*./-])\w[\w/]*\.(?:ts|wgsl)\b(?![\w*(])/g;

/** Source files that comments name exist. */
export function namedFilesExist(files: readonly SourceFile[]): Offences {
  const paths = files.map(({ path }) => `/${path}`);
  return files.filter(isNoRule).flatMap(({ path, text }) =>
    [...text.matchAll(COMMENT)].flatMap(([comment]) => [...comment.matchAll(FILE_NAME)])
      .map(([name]) => name)
      .filter((name) => !paths.some((known) => known.endsWith(`/${name}`)))
      .map((name) => `${path} names ${name}, which does not exist`)
  );
}

/** Sums have a fixed order: no atomics on floats, in files and in generated WGSL. */
export function floatsAreNotAtomic(files: readonly SourceFile[]): Offences {
  return files
    .filter(({ path }) => memberOf(path) !== "tests")
    .filter(({ text }) => /\batomic<\s*f(16|32)\s*>/.test(withoutComments(text)))
    .map(({ path }) => `${path} has an atomic float`);
}

/** WGSL, which has no formatter, keeps to the width, has no tabs and no trailing blanks. */
export function wgslIsTidy(files: readonly SourceFile[]): Offences {
  return files.filter(({ path }) => path.endsWith(".wgsl")).flatMap(({ path, text }) => [
    ...text.split("\n").flatMap((line, index) => {
      const place = `${path}:${index + 1}`;
      if (line.length > MAX_COLUMNS) return [`${place} has ${line.length} columns`];
      if (line.includes("\t")) return [`${place} has a tab`];
      return /\s$/.test(line) ? [`${place} ends with a blank`] : [];
    }),
    ...(text.endsWith("\n") ? [] : [`${path} does not end with a newline`]),
  ]);
}

/** Rules and their counterexamples show what they forbid. */
function isNoRule({ path }: SourceFile): boolean {
  return !/^tests\/repository\/rules\/architecture_\w+\.ts$/.test(path);
}

/** What a machine may lack is started through the one place that never throws. */
export function optionalProgramsAreTried(files: readonly SourceFile[]): Offences {
  const started =
    /\bnew Deno\.Command\(\s*["'`](mpirun|python3|git|vulkaninfo|nvidia-smi|apt-get)["'`]/;
  return files.filter(isNoRule)
    .map(({ path, text }) => ({ path, program: started.exec(withoutComments(text))?.[1] }))
    .filter(({ program }) => program !== undefined)
    .map(({ path, program }) => `${path} starts "${program}" without tryProgram()`);
}

/** Lock files say what is loaded; nothing sets them aside, and one in place of another is frozen. */
export function lockIsNeverSetAside(files: readonly SourceFile[]): Offences {
  return files.filter(isNoRule)
    .filter(({ text }) => {
      const code = withoutComments(text);
      if (/--no-lock\b|--frozen=false/.test(code)) return true;
      return code.includes("--no-config") && !/--frozen"[\s\S]*--lock=/.test(code);
    })
    .map(({ path }) => `${path} runs without the lock file`);
}

/** Only programs print: files named cli.ts, those that a task runs, benchmarks and tests. */
export function onlyProgramsPrint(
  files: readonly SourceFile[],
  programs: readonly string[],
): Offences {
  return files
    .filter(({ path }) => path.endsWith(".ts") && !path.endsWith("/cli.ts"))
    .filter(({ path }) => !["bench", "tests"].includes(memberOf(path)) && !programs.includes(path))
    .filter(({ text }) => /\bconsole\.\w+\(/.test(withoutComments(text)))
    .map(({ path }) => `${path} prints to the console`);
}

const TEST_NAME = /\bDeno\.test\(\s*(?:\{\s*name:\s*)?(["`])(.*?)\1/g;

/** A test's name is a sentence: what holds, without a final period. A parameter may start it. */
export function testNamesAreSentences(files: readonly SourceFile[]): Offences {
  return files.filter(isNoRule).filter(({ path }) => path.endsWith("_test.ts")).flatMap((
    { path, text },
  ) =>
    [...withoutComments(text).matchAll(TEST_NAME)].map(([, , name]) => name!)
      .filter((name) => !name.startsWith("${"))
      .filter((name) => name.split(/\s+/).length < 3 || /^test\b|[.:]$/i.test(name))
      .map((name) => `${path} has a test "${name}"`)
  );
}
