import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  anchors,
  brokenLinks,
  commands,
  documentAt,
  FLAG_PAGES,
  readDocuments,
  REFERENCE_PAGE,
  staleExcerpts,
  unknownFiles,
  unknownTasks,
  withFlagTable,
  withReferenceFlags,
  wrongCommands,
} from "./documents.ts";
import { MEMBERS, ROOT } from "../rules/source_tree.ts";

const DOCUMENTS = readDocuments();
const MAX_README_LINES = 200;

Deno.test("every member has a README, and every page is read", () => {
  const paths = DOCUMENTS.map(({ path }) => path);
  const readmes = ["README.md", ...MEMBERS.map((member) => `${member}/README.md`)];
  assertEquals(readmes.filter((path) => !paths.includes(path)), []);
  for (const page of ["CHANGELOG.md", "tests/golden/cases/README.md", ".std/README.md"]) {
    assert(paths.includes(page), page);
  }
  assert(paths.includes("runtime/decisions/recordings_only.md"));
});

Deno.test("the README is short", () => {
  const lines = documentAt("README.md").text.trimEnd().split("\n").length;
  assert(lines < MAX_README_LINES, `README.md has ${lines} lines`);
});

Deno.test("the list of the reference's flags agrees with what they do", () => {
  const { text } = documentAt(REFERENCE_PAGE);
  const updated = withReferenceFlags(text);
  const open = "<!-- reference-flags -->";
  assertEquals(withReferenceFlags(text.replace(open, `${open}\nold`)), updated);
  assertThrows(() => withReferenceFlags("no markers"), Error, open);
  assert(
    text === updated,
    `${REFERENCE_PAGE} is out of date: run \`deno run -A tests/repository/documents/update_readme.ts\``,
  );
});

for (const [name, path] of FLAG_PAGES) {
  Deno.test(`the flag table of ${name} agrees with its schema`, () => {
    const { text } = documentAt(path);
    const updated = withFlagTable(name, text);
    const open = `<!-- flags:${name} -->`;
    assertEquals(withFlagTable(name, text.replace(open, `${open}\nold`)), updated);
    assertThrows(() => withFlagTable(name, "no markers"), Error, open);
    assert(
      text === updated,
      `${path} is out of date: run \`deno run -A tests/repository/documents/update_readme.ts\``,
    );
  });
}

Deno.test("commands() reads shell blocks", () => {
  const text = "```sh\n# a\ndeno task \\\n  train # b\n\nls\n```\n\n```text\nno\n```\n";
  const lines = commands([{ path: "a.md", text }]).map((command) => command.text);
  assertEquals(lines, ["deno task train", "ls"]);
});

Deno.test("every command of a page names an existing program and existing flags", () => {
  const wrong = (line: string) =>
    wrongCommands([{ path: "a.md", text: `\`\`\`sh\n${line}\n\`\`\`\n` }]).length;
  assertEquals(wrong('deno task eval --manual "a b" --split test'), 0);
  assertEquals(wrong("mpirun -np 2 deno run -A train/cli.ts --fp16"), 0);
  assertEquals(wrong('deno task generate --prompt "a b" --top_p 0.9'), 0);
  assertEquals(wrong("deno task import a.pt --work_dir b"), 0);
  assertEquals(wrong("deno run -A eval/generation/cli.ts --split test"), 1);
  assertEquals(wrong("deno task import a.pt --split test"), 1);
  assertEquals(wrong("deno task train --presett tiny"), 1);
  assertEquals(wrong("npx -y deno@2.9.6 task train --layers 3"), 1);
  assertEquals(wrong("deno run -A train/cli.ts --nothing"), 1);
  assertEquals(wrong("deno test -A tests/nothing_test.ts"), 1);
  assertEquals(wrongCommands(DOCUMENTS), []);
});

Deno.test("anchors() names headings as code hosts do", () => {
  const text = "# The house\n\n## A `step`, twice\n\n```sh\n# no heading\n```\n";
  assertEquals([...anchors(text)], ["the-house", "a-step-twice"]);
});

Deno.test("every link of a page has a target", () => {
  const text = "[a](mod.ts) [b](https://x.y/z) [c](#here) [d](../mod.ts#no) `[e](f)`\n\n## Here\n";
  assertEquals(brokenLinks([{ path: "train/README.md", text }]), [
    'train/README.md links to "../mod.ts#no"',
  ]);
  assertEquals(brokenLinks([{ path: "README.md", text: "[a](nothing.md) [b](#no)" }]).length, 2);
  assertEquals(brokenLinks(DOCUMENTS), []);
});

Deno.test("every task that a page names is in deno.json", () => {
  const text = "`deno task train --fp16`, `npx -y deno@2.9.6 task tests`\n";
  assertEquals(unknownTasks([{ path: "README.md", text }], ["train"]), [
    'README.md names the task "tests"',
  ]);
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  assertEquals(unknownTasks(DOCUMENTS, Object.keys(tasks)), []);
});

Deno.test("every excerpt in a page is part of the file it names", () => {
  const shows = (line: string) => [{
    path: "README.md",
    text: `<!-- excerpt: .gitignore -->\n\n\`\`\`text\n${line}\n\`\`\`\n`,
  }];
  assertEquals(staleExcerpts(shows("node_modules/")), []);
  assertEquals(staleExcerpts(shows("node-modules/")).length, 1);
  assertEquals(staleExcerpts(DOCUMENTS), []);
});

Deno.test("every source file that a page names exists", () => {
  const text = "`train/step/step.ts`, `step.ts`, `p.ts`, `train/p.ts`\n\n```ts\n`q.ts`\n```\n";
  assertEquals(unknownFiles([{ path: "README.md", text }]), [
    'README.md names the file "p.ts"',
    'README.md names the file "train/p.ts"',
  ]);
  assertEquals(unknownFiles(DOCUMENTS), []);
});
