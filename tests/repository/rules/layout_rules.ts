/**
 * Rules about folders: the top level, the number of files at a folder's root, and the order in which
 * the folders of a member import each other.
 *
 * @module
 */
import type { Offences } from "./architecture_rules.ts";
import { importsOf, resolvePath, type SourceFile, withoutComments } from "./source_tree.ts";

/** Most source files at a folder's root. */
export const MAX_FILES = 12;

/** Names of the top level that must exist. */
export const TOP_LEVEL: readonly string[] = [
  "deno.json",
  "deno.lock",
  "mod.ts",
  "runtime",
  "model",
  "train",
  "eval",
  "kernels",
  "bench",
  "tests",
  "README.md",
];

/** Names that may stand beside them, as hidden files may. */
export const BESIDE_TOP_LEVEL: readonly string[] = ["LICENSE", "CONTRIBUTING.md", "CHANGELOG.md"];

/** Files at the root of `tests`; everything else lies in a folder. */
export const TESTS_ROOT: readonly string[] = ["README.md", "run.ts"];

/** Folders of `tests`: one per member and what tests of several members share. */
export const TESTS_FOLDERS: readonly string[] = [
  "bench",
  "eval",
  "examples",
  "fuzz",
  "golden",
  "kernels",
  "model",
  "repository",
  "runtime",
  "support",
  "train",
];

/**
 * Folders of a member, lowest first. A file imports from its own folder and from those before it;
 * files at the member's root see all of them.
 */
export const FOLDER_ORDER: Readonly<Record<string, readonly string[]>> = {
  runtime: [
    "base",
    "files",
    "logs",
    "flags",
    "tensor",
    "wasm",
    "record",
    "plan",
    "params",
    "autograd",
    "random",
    "reference",
    "cpu",
    "gpu",
    "machine",
    "distributed",
  ],
  model: [
    "settings",
    "text",
    "vocabulary",
    "attention",
    "checkpoint",
    "pytorch",
    "inference",
    "onnx",
  ],
};

/** The top level holds what it must and nothing unknown. */
export function topLevelIsFixed(names: readonly string[]): Offences {
  const known = [...TOP_LEVEL, ...BESIDE_TOP_LEVEL];
  return [
    ...TOP_LEVEL.filter((name) => !names.includes(name)).map((name) => `${name} is missing`),
    ...names.filter((name) => !name.startsWith(".") && !known.includes(name))
      .map((name) => `${name} stands at the top level`),
  ];
}

/** Tests lie in the folder of the member they test. */
export function testsLieInFolders(files: readonly SourceFile[]): Offences {
  const known = [...TESTS_ROOT, ...TESTS_FOLDERS];
  const names = files.map(({ path }) => path.split("/")).filter(([member]) => member === "tests")
    .map(([, name]) => name!);
  return [...new Set(names)].filter((name) => !known.includes(name))
    .map((name) => `tests/${name} is neither a known file nor a known folder`);
}

/** A folder's root is read at a glance. */
export function foldersAreSmall(files: readonly SourceFile[]): Offences {
  const byFolder = Map.groupBy(files, ({ path }) => path.slice(0, path.lastIndexOf("/") + 1));
  return [...byFolder]
    .filter(([, { length }]) => length > MAX_FILES)
    .map(([folder, { length }]) => `${folder} has ${length} files`);
}

/** Members whose folders may import the files at the member's root. */
const SHARED_ROOTS: readonly string[] = ["model"];

/** Folders of a member import only those before them. */
export function foldersPointDown(files: readonly SourceFile[]): Offences {
  return files.flatMap((file) => {
    const [member, from] = file.path.split("/");
    const order = FOLDER_ORDER[member!];
    if (order === undefined || file.path.split("/").length < 3) return [];
    if (!order.includes(from!)) {
      return [`${file.path} lies in a folder without a place in the order`];
    }
    return importsOf(file)
      .filter((specifier) => specifier.startsWith("."))
      .filter((specifier) => {
        const [toMember, to, inFolder] = resolvePath(file.path, specifier).split("/");
        if (toMember !== member || !specifier.endsWith(".ts")) return false;
        if (inFolder === undefined) return !SHARED_ROOTS.includes(member!);
        return order.indexOf(to!) > order.indexOf(from!);
      })
      .map((specifier) => `${file.path} imports "${specifier}"`);
  });
}

/** Folders of a member import each other in one direction, whatever the order. */
export function foldersHaveNoCircles(files: readonly SourceFile[]): Offences {
  const edges = new Map<string, Map<string, string>>();
  for (const file of files) {
    const from = topFolder(file.path);
    if (from === undefined) continue;
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith(".") || !specifier.endsWith(".ts")) continue;
      const to = topFolder(resolvePath(file.path, specifier));
      if (to === undefined || to === from) continue;
      const targets = edges.get(from) ?? new Map<string, string>();
      edges.set(from, targets.set(to, `${file.path} imports "${specifier}"`));
    }
  }
  /** Whether `to` is reached from `from`. */
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    [...edges.get(from)?.keys() ?? []].some((next) =>
      next === to || !seen.has(next) && reaches(next, to, seen.add(next))
    );
  return [...edges].flatMap(([from, targets]) =>
    [...targets].filter(([to]) => reaches(to, from, new Set())).map(([, place]) => place)
  );
}

/** Member and first folder of a path; undefined for files at the member's root. */
function topFolder(path: string): string | undefined {
  const [member, folder, inFolder] = path.split("/");
  return inFolder === undefined ? undefined : `${member}/${folder}`;
}

/** Most names that the library exports at its root; the members export the rest. */
export const MAX_PUBLIC_NAMES = 40;

/** The root exports few names, each by hand. */
export function publicFaceIsSmall(files: readonly SourceFile[]): Offences {
  return files.filter(({ path }) => path === "mod.ts").flatMap(({ path, text }) => {
    const code = withoutComments(text);
    const lists = [...code.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, list]) => list!);
    const names = lists.flatMap((list) => list.split(",")).filter((name) => name.trim() !== "");
    return [
      ...(/^export \*/m.test(code) ? [`${path} exports whatever a member exports`] : []),
      ...(names.length > MAX_PUBLIC_NAMES ? [`${path} exports ${names.length} names`] : []),
    ];
  });
}
