/**
 * The rules of the repository, applied to every source file and to small trees that break them.
 *
 * @module
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import {
  arrowsPointDown,
  filesAreShort,
  filesIntroduceThemselves,
  floatsAreNotAtomic,
  headsAreNounPhrases,
  importsHaveNoCircles,
  lockIsNeverSetAside,
  MAX_LINES,
  namedFilesExist,
  onlyProgramsPrint,
  optionalProgramsAreTried,
  othersAreImportedByName,
  testNamesAreSentences,
  wgslIsTidy,
} from "./architecture_rules.ts";
import { blocksStandOnce, MAX_REPEATED_LINES } from "./repeated_blocks.ts";
import { type RuleCase, testRules } from "./rule_case.ts";
import { importsOf, MEMBERS, ROOT } from "./source_tree.ts";

const HEAD = "/**\n * Duty.\n *\n * @module\n */\n";
/** A block of `count` different lines. */
const block = (count: number) => Array.from({ length: count }, (_, i) => `  a${i}();\n`).join("");

const NAMES = block(20).replaceAll("();", ",");
const FLOAT_ATOMIC = "var<storage, read_write> x: array<atomic<f32>>;";

const CASES: readonly RuleCase[] = [
  {
    name: "members import only members below them",
    rule: arrowsPointDown,
    good: {
      "train/a.ts": 'import { x } from "@transformer-xl/eval";',
      "tests/a.ts": 'import { x } from "@transformer-xl/bench";',
      "tests/b.ts": 'import { x } from "@transformer-xl/mod";',
      "bench/a.ts": 'import { x } from "@transformer-xl/train";',
      "mod.ts": 'export * from "@transformer-xl/train";',
    },
    bad: [
      { "runtime/a.ts": 'import { x } from "@transformer-xl/kernels";' },
      { "kernels/a.ts": 'import type { X } from "@transformer-xl/kernels";' },
      { "eval/a.ts": 'const { x } = await import("@transformer-xl/train/cli");' },
      { "train/a.ts": 'export * from "@transformer-xl/bench";' },
      { "bench/a.ts": 'import { x } from "@transformer-xl/tests";' },
      { "train/a.ts": 'import { x } from "@transformer-xl/mod";' },
      { "mod.ts": 'export { x } from "@transformer-xl/bench";' },
      { "mod.ts": 'export * from "@transformer-xl/trian";' },
    ],
  },
  {
    name: "members import each other by name",
    rule: othersAreImportedByName,
    good: { "train/a.ts": 'import { x } from "./b/c.ts";\nimport { y } from "npm:y";' },
    bad: [
      { "train/a.ts": 'import { x } from "../../../eval/mod.ts";' },
      { "train/b/a.ts": 'import {\n  type X,\n  y,\n} from "../../../runtime/tensor/shape.ts";' },
      { "tests/a.ts": 'import k from "../kernels/k.wgsl" with { type: "text" };' },
    ],
  },
  {
    name: "no file imports itself through others",
    rule: importsHaveNoCircles,
    good: {
      "train/a.ts": 'import { b } from "./b.ts";\nimport { c } from "./c.ts";',
      "train/b.ts": 'export { c } from "./c.ts";',
      "train/c.ts": "",
    },
    bad: [
      { "train/a.ts": 'import type { A } from "./a.ts";' },
      {
        "train/a.ts": 'import { b } from "./b/b.ts";',
        "train/b/b.ts": 'import type { C } from "../c.ts";',
        "train/c.ts": 'export * from "./a.ts";',
      },
    ],
  },
  {
    name: `no file is longer than ${MAX_LINES} lines`,
    rule: filesAreShort,
    good: { "train/a.ts": "x;\n".repeat(MAX_LINES) },
    bad: [
      { "train/a.ts": "x;\n".repeat(MAX_LINES + 1) },
      { "kernels/a.wgsl": "\n".repeat(MAX_LINES) + "x" },
    ],
  },
  {
    name: "every file is named in snake_case and starts with what it is for",
    rule: filesIntroduceThemselves,
    good: { "train/a_b.ts": `${HEAD}x;`, "kernels/mt19937.wgsl": "// c = a + b\n" },
    bad: [
      { "train/aB.ts": HEAD },
      { "train/a-b.ts": HEAD },
      { "train/a.ts": "export {};\n" },
      { "train/a.ts": "/** Doc of x. */\nexport const x = 1;\n/** @module */\n" },
      { "kernels/a.wgsl": "@compute\n" },
    ],
  },
  {
    name: "the head of every file starts with a noun phrase",
    rule: headsAreNounPhrases,
    good: {
      "train/a.ts": HEAD,
      "train/b.ts": "/**\n * Checks of pages.\n *\n * @module\n */\n/** What x is. */\n",
      "kernels/a.wgsl": "// y = x + 1\n// Where x is small, y is not.\n",
    },
    bad: [
      { "train/a.ts": "/**\n * What a run prints.\n *\n * @module\n */\n" },
      { "train/a.ts": "/**\n * Whether it runs.\n *\n * @module\n */\n" },
      { "train/a.ts": "/**\n * Reads a file.\n *\n * @module\n */\n" },
      { "kernels/a.wgsl": "// How rows are cut.\n" },
    ],
  },
  {
    name: "source files that comments name exist",
    rule: namedFilesExist,
    good: {
      "train/step/a.ts": "/** See b.ts, `step/b.ts` and *_test.ts. */\nimport x from './c.ts';",
      "train/step/b.ts": "// as a.ts does\nconst url = 'https://a/c.ts';",
    },
    bad: [
      { "train/a.ts": "/**\n * As c.ts.\n */" },
      { "train/a.ts": "", "train/b.ts": "const x = 1; // see step/a.ts" },
      { "kernels/a.wgsl": "// after b.wgsl" },
    ],
  },
  {
    name: "names of tests are sentences",
    rule: testNamesAreSentences,
    good: {
      "tests/a_test.ts": 'Deno.test("a sum has a fixed order", f);\nDeno.test({ name: "x is y" });',
      "tests/b_test.ts": "Deno.test(`${name} on the adapter`, f);",
    },
    bad: [
      { "tests/a_test.ts": 'Deno.test("sum", f);' },
      { "tests/a_test.ts": 'Deno.test({\n  name: "fixed order",\n});' },
      { "tests/a_test.ts": "Deno.test(`a sum has an order.`, f);" },
      { "tests/a_test.ts": 'Deno.test("test that sums work", f);' },
    ],
  },
  {
    name: "no kernel has an atomic float",
    rule: floatsAreNotAtomic,
    good: { "kernels/a.wgsl": `// not ${FLOAT_ATOMIC}\n// ${FLOAT_ATOMIC}\nvar x: atomic<u32>;` },
    bad: [{ "kernels/a.wgsl": FLOAT_ATOMIC }, { "kernels/a.ts": `return "${FLOAT_ATOMIC}";` }],
  },
  {
    name: "WGSL fits the page and has no tabs or trailing blanks",
    rule: wgslIsTidy,
    good: { "kernels/a.wgsl": `${"x".repeat(100)}\n`, "kernels/a.ts": "\tx; " },
    bad: [
      { "kernels/a.wgsl": `${"x".repeat(101)}\n` },
      { "kernels/a.wgsl": "\tx\n" },
      { "kernels/a.wgsl": "x \n" },
      { "kernels/a.wgsl": "x" },
    ],
  },
  {
    name: "optional programs are tried, not started",
    rule: optionalProgramsAreTried,
    good: { "tests/a.ts": 'await tryProgram(["mpirun"]); new Deno.Command(Deno.execPath());' },
    bad: [
      { "tests/a.ts": 'await new Deno.Command("mpirun", {}).output();' },
      { "bench/a.ts": "new Deno.Command(\n  'git',\n)" },
    ],
  },
  {
    name: "nothing runs without the lock file",
    rule: (files) => lockIsNeverSetAside([...files, { path: "deno.json", text: denoJson() }]),
    good: {
      "tests/a.ts": 'const args = ["run", "-A"];',
      "tests/b.ts": 'const args = ["run", "--no-config", "--frozen", "--lock=other.lock"];',
    },
    bad: [
      { "tests/a.ts": 'const args = ["run", "--no-lock"];' },
      { "tests/a.ts": 'const args = ["run", "--no-config"];' },
      { "tests/a.ts": 'const args = ["run", "--no-config", "--lock=other.lock"];' },
      { "tests/a.ts": 'const args = ["run", "--frozen=false"];' },
    ],
  },
  {
    name: `no block of more than ${MAX_REPEATED_LINES} lines stands twice`,
    rule: blocksStandOnce,
    good: {
      "train/a.ts": block(MAX_REPEATED_LINES),
      "train/b.ts": `${block(MAX_REPEATED_LINES)}// end\n}\n`,
      "kernels/sum/cases.ts": block(50),
      "kernels/add/cases.ts": block(50),
      "model/a.ts": `import {\n${NAMES}} from "./b.ts";\n/*\n${block(20)}*/`,
      "model/b.ts": `export {\n${NAMES}} from "./b.ts";\n/*\n${block(20)}*/`,
    },
    bad: [
      { "train/a.ts": block(13), "tests/b_test.ts": `{\n${block(13)}}\n` },
      { "train/a.ts": `${block(13)}b();\n${block(13)}` },
      { "kernels/a.wgsl": block(20), "kernels/b.wgsl": block(20).replaceAll("\n", "\n\n") },
      { "kernels/a.wgsl": "x = x + 1;\n".repeat(26) },
    ],
  },
  {
    name: "only programs print",
    rule: (files) => onlyProgramsPrint(files, taskPrograms()),
    good: {
      "train/cli.ts": "console.log(1);",
      "train/compile.ts": "console.log(1);",
      "tests/a.ts": "console.log(1);",
      "train/a.ts": `${HEAD}// console.log(1);\n/** console.log(1); */`,
    },
    bad: [{ "train/a.ts": "console.log(1);" }, {
      "runtime/machine/setup/a.ts": "if (x) console.error(2);",
    }],
  },
];

testRules(CASES);

Deno.test("the lock file is frozen for every command", () => {
  const { lock } = readJson("deno.json") as { lock: unknown };
  assertEquals(lock, { path: "./deno.lock", frozen: true });
});

Deno.test("imports are found in every form, and not in comments", () => {
  const text = [
    'import "./a.ts";',
    'import b, { type B } from "./b.ts";',
    "import {\n  c,\n} from './c.ts';",
    'export type { D } from "./d.ts";',
    'export * from "./e.ts";',
    'const f = await import("./f.ts");',
    'import g from "./g.wgsl" with { type: "text" };',
    'type H = import("./h.ts").H;',
    'export const i = "./i.ts";',
    '/**\n * import { j } from "./j.ts";\n */',
    '// import "./k.ts";',
  ].join("\n");
  assertEquals(
    [...importsOf({ path: "train/x.ts", text })].sort(),
    ["a.ts", "b.ts", "c.ts", "d.ts", "e.ts", "f.ts", "g.wgsl", "h.ts"].map((name) => `./${name}`),
  );
});

Deno.test("every exported symbol is documented", async () => {
  const documented = "/** Doc. */\nexport const x: number = 1;\n";
  assertEquals(await undocumented([await temporary(documented)]), []);
  const bare = `${documented}export const y: number = 1;\n`;
  assertEquals((await undocumented([await temporary(bare)])).length, 1);
  assertEquals(await undocumented(MEMBERS.slice(0, -1).flatMap(entryPoints)), []);
});

function denoJson(): string {
  return Deno.readTextFileSync(new URL("deno.json", ROOT));
}

/** The files that tasks of deno.json run. */
function taskPrograms(): readonly string[] {
  const { tasks } = readJson("deno.json") as { tasks: Record<string, { command: string }> };
  return Object.values(tasks).flatMap(({ command }) => command.match(/[\w/]+\.ts\b/g) ?? []);
}

/** The modules a member exports. */
function entryPoints(member: string): readonly string[] {
  const { exports } = readJson(`${member}/deno.json`) as {
    exports: string | Record<string, string>;
  };
  const paths = typeof exports === "string" ? [exports] : Object.values(exports);
  return paths.map((path) => `${member}/${path.slice(2)}`);
}

function readJson(path: string): unknown {
  return JSON.parse(Deno.readTextFileSync(new URL(path, ROOT)));
}

const TEMPORARY: string[] = [];

Deno.test.afterAll(async () => {
  for (const path of TEMPORARY) await Deno.remove(path);
});

async function temporary(text: string): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  TEMPORARY.push(path);
  await Deno.writeTextFile(path, text);
  return path;
}

/**
 * Places of exported symbols and their members without a doc comment. A class documents its
 * constructor, and an override means what it overrides.
 */
async function undocumented(paths: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...paths],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const [checked] = /Checked \d+ file|lint errors?/.exec(output) ?? [];
  assertNotEquals(checked, undefined, output);
  return [...output.matchAll(/error\[missing-jsdoc\].*\n\s*--> (\S+)\n[\s|]*\n\s*\d+ \|(.*)\n/g)]
    .filter(([, , line]) => !/^\s*(?:(?:private )?constructor\(|override |\[\w+: )/.test(line!))
    .map(([, place, line]) => `${place} ${line!.trim()}`);
}
