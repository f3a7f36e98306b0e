/**
 * The layout of the repository: its top level, its folders, and the arrows between them.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  FOLDER_ORDER,
  foldersAreSmall,
  foldersHaveNoCircles,
  foldersPointDown,
  MAX_FILES,
  MAX_PUBLIC_NAMES,
  publicFaceIsSmall,
  testsLieInFolders,
  TOP_LEVEL,
  topLevelIsFixed,
} from "./layout_rules.ts";
import { onlyProgramsNameFlags } from "./flag_rules.ts";
import { testRules } from "./rule_case.ts";
import { readSourceFiles, ROOT } from "./source_tree.ts";

testRules([
  {
    name: "folders of a member import only folders below them",
    rule: foldersPointDown,
    good: {
      "runtime/plan/a.ts": 'import { x } from "../base/b.ts";\nimport { y } from "./y.ts";',
      "runtime/files/b/a.ts": 'import { x } from "../../base/b.ts";',
      "runtime/a.ts": 'import { x } from "./distributed/b.ts";',
      "runtime/gpu/a.ts": 'import version from "../deno.json" with { type: "json" };',
      "model/attention/a.ts": 'import type { X } from "../config.ts";',
    },
    bad: [
      { "runtime/base/a.ts": 'import { x } from "../plan/b.ts";' },
      { "runtime/plan/a.ts": 'import type { X } from "../params/b.ts";' },
      { "runtime/distributed/ring/a.ts": 'import { x } from "../../mod.ts";' },
      { "runtime/unknown/a.ts": "" },
      { "model/text/files/a.ts": 'export * from "../../vocabulary/b.ts";' },
    ],
  },
  {
    name: "folders of a member import each other in one direction",
    rule: foldersHaveNoCircles,
    good: {
      "train/a/a.ts": 'import { x } from "../b/b.ts";\nimport { y } from "../c.ts";',
      "train/b/c/b.ts": 'import { x } from "../d.ts";',
      "train/c.ts": 'import { x } from "./a/a.ts";',
    },
    bad: [
      {
        "train/a/a.ts": 'import { x } from "../b/b.ts";',
        "train/b/b.ts": 'import type { x } from "../a/c/a.ts";',
      },
      {
        "eval/a/a.ts": 'import { x } from "../b/b.ts";',
        "eval/b/b.ts": 'export { x } from "../c/c.ts";',
        "eval/c/c.ts": 'import { x } from "../a/b.ts";',
      },
    ],
  },
  {
    name: `no folder has more than ${MAX_FILES} source files at its root`,
    rule: foldersAreSmall,
    good: { ...numbered("train/", MAX_FILES), ...numbered("train/step/", MAX_FILES) },
    bad: [
      numbered("train/", MAX_FILES + 1),
      numbered("tests/golden/runner/", MAX_FILES + 1),
      { ...numbered("kernels/a/", MAX_FILES), "kernels/a/b.wgsl": "" },
    ],
  },
  {
    name: "mod.ts exports few names, each by hand",
    rule: publicFaceIsSmall,
    good: {
      "mod.ts": `export {\n  a,\n  type B,\n} from "@transformer-xl/model";\n/** export * */`,
      "train/mod.ts": 'export * from "./a.ts";',
    },
    bad: [
      { "mod.ts": 'export * from "@transformer-xl/model";' },
      { "mod.ts": `export { ${names(MAX_PUBLIC_NAMES)} } from "x";\nexport type { B } from "y";` },
    ],
  },
  {
    name: "only programs name flags",
    rule: onlyProgramsNameFlags,
    good: {
      "model/a.ts": '/** As with `--mem_len`. */\nconst a = ["--version"]; // not --mem_len',
      "train/cli.ts": 'throw new ConfigError("lower --mem_len");',
      "eval/settings/a.ts": 'export const A = "--manual";',
      "runtime/distributed/launcher/a.ts": 'const a = ["--gpus"];',
      "bench/a.ts": 'const a = ["--mem_len"];',
    },
    bad: [
      { "model/a.ts": 'throw new ConfigError("Cannot fit; lower --mem_len");' },
      { "train/step/a.ts": "const a = `\n  use a --batch_size of ${b}`;" },
      { "eval/report/a.ts": 'const a = "--manual";' },
      { "kernels/config/a.ts": "const a = 'train with --no_eval';" },
      { "runtime/distributed/a.ts": 'const a = "leave --gpus out";' },
    ],
  },
  {
    name: "tests lie in the folder of their member",
    rule: testsLieInFolders,
    good: { "tests/runtime/plan/a_test.ts": "", "tests/run.ts": "" },
    bad: [{ "tests/a_test.ts": "" }, { "tests/misc/a_test.ts": "" }],
  },
]);

Deno.test("the top level holds the owner's names and few others", async () => {
  assertEquals(topLevelIsFixed([...TOP_LEVEL, "LICENSE", ".github"]), []);
  assertNotEquals(topLevelIsFixed([...TOP_LEVEL, "web"]), []);
  assertNotEquals(topLevelIsFixed(TOP_LEVEL.slice(1)), []);
  assertEquals(topLevelIsFixed(await topLevel()), []);
});

Deno.test("runtime/README.md lists its folders in the order of their imports", () => {
  const readme = Deno.readTextFileSync(new URL("runtime/README.md", ROOT));
  const listed = [...readme.matchAll(/^\| `(\w+)\/`/gm)].map(([, name]) => name);
  assertEquals(listed, [...FOLDER_ORDER.runtime!]);
});

/** Questions of a newcomer, as words of a path, and the file that answers each. */
const PLACES: readonly (readonly [words: RegExp, path: string])[] = [
  [/optimizer/, "kernels/optimizer/optimizer.ts"],
  [/memory/, "model/memory.ts"],
  [/attention.*shift/, "kernels/attention/wgsl/scores_shifted.wgsl"],
  [/word.*vocabulary/, "model/text/vocabulary/word_vocabulary.ts"],
  [/tokenizer/, "model/text/moses_tokenizer.ts"],
  [/ring\//, "runtime/distributed/ring/ring.ts"],
  [/apt/, "runtime/machine/setup/apt_driver.ts"],
  [/flag_table/, "runtime/flags/flag_table.ts"],
  [/train_step/, "train/step/train_step.ts"],
];

Deno.test("a word of a path finds each place, among at most a dozen files", () => {
  const paths = readSourceFiles().map(({ path }) => path);
  const found = (words: RegExp) =>
    paths.filter((path) => !path.startsWith("tests/") && words.test(path));
  for (const [words, path] of PLACES) {
    const at = found(words).sort((a, b) => depth(a) - depth(b)).indexOf(path);
    assert(at >= 0 && at < 12, `${words} finds ${path} at place ${at + 1}`);
  }
});

/** Folders of a path. */
function depth(path: string): number {
  return path.split("/").length;
}

/** A list of `count` names. */
function names(count: number): string {
  return Array.from({ length: count }, (_, i) => `a${i}`).join(", ");
}

/** A tree of `count` files in `folder`. */
function numbered(folder: string, count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}a${i}.ts`, ""]));
}

/** Names of the root that git does not ignore: runs write theirs beside the source. */
async function topLevel(): Promise<readonly string[]> {
  const ignored = (await Deno.readTextFile(new URL(".gitignore", ROOT))).split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/^\//, "").replace(/\/$/, ""))
    .map((line) => new RegExp(`^${line.replaceAll(".", "\\.").replaceAll("*", ".*")}$`));
  return [...Deno.readDirSync(ROOT)].map(({ name }) => name)
    .filter((name) => !ignored.some((pattern) => pattern.test(name)));
}
