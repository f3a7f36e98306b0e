import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  anchors,
  brokenLinks,
  PAGES,
  readDocuments,
  staleExcerpts,
  unknownTasks,
  withFlagTables,
} from "./documents.ts";
import { MEMBERS, ROOT } from "../rules/source_tree.ts";

const DOCUMENTS = readDocuments();

Deno.test("every member has a README", () => {
  const paths = DOCUMENTS.map(({ path }) => path);
  const readmes = ["README.md", ...MEMBERS.map((member) => `${member}/README.md`)];
  assertEquals([...readmes, ...PAGES], paths);
});

Deno.test("the tables of flags in README.md are those of the schemas", () => {
  const { text } = DOCUMENTS.find(({ path }) => path === "README.md")!;
  const updated = withFlagTables(text);
  const open = "<!-- flags:train -->";
  assert(withFlagTables(text.replace(open, `${open}\nold`)) === updated);
  assertThrows(() => withFlagTables("no markers"), Error, open);
  assert(
    text === updated,
    "README.md is out of date: run `deno run -A tests/repository/documents/update_readme.ts`",
  );
});

Deno.test("anchors() names headings as code hosts do", () => {
  const text = "# The house\n\n## A `step`, twice\n\n```sh\n# no heading\n```\n";
  assertEquals([...anchors(text)], ["the-house", "a-step-twice"]);
});

Deno.test("every link of a README leads somewhere", () => {
  const text = "[a](mod.ts) [b](https://x.y/z) [c](#here) [d](../mod.ts#no) `[e](f)`\n\n## Here\n";
  assertEquals(brokenLinks([{ path: "train/README.md", text }]), [
    'train/README.md links to "../mod.ts#no"',
  ]);
  assertEquals(brokenLinks([{ path: "README.md", text: "[a](nothing.md) [b](#no)" }]).length, 2);
  assertEquals(brokenLinks(DOCUMENTS), []);
});

Deno.test("every task that a README names is in deno.json", () => {
  const text = "`deno task train --fp16`, `npx -y deno@2.9.6 task tests`\n";
  assertEquals(unknownTasks([{ path: "README.md", text }], ["train"]), [
    'README.md names the task "tests"',
  ]);
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  assertEquals(unknownTasks(DOCUMENTS, Object.keys(tasks)), []);
});

Deno.test("every excerpt in a README stands in the file it names", () => {
  const shows = (line: string) => [{
    path: "README.md",
    text: `<!-- excerpt: .gitignore -->\n\n\`\`\`text\n${line}\n\`\`\`\n`,
  }];
  assertEquals(staleExcerpts(shows("node_modules/")), []);
  assertEquals(staleExcerpts(shows("node-modules/")).length, 1);
  assertEquals(staleExcerpts(DOCUMENTS), []);
});
