import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../rules/source_tree.ts";

const FOLDER = new URL("tests/examples/", ROOT);
const MAX_LINES = 60;

const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
  .filter((name) => name.endsWith(".ts")).sort();

Deno.test("examples are numbered from 1 and fit on a page", async () => {
  names.forEach((name, i) => assert(name.startsWith(`${i + 1}`.padStart(2, "0") + "_"), name));
  for (const name of names) {
    const lines = (await Deno.readTextFile(new URL(name, FOLDER))).trimEnd().split("\n").length;
    assert(lines <= MAX_LINES, `${name} has ${lines} lines`);
  }
});

for (const name of names) {
  Deno.test(`example ${name} runs`, async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", `tests/examples/${name}`],
      cwd: ROOT,
      env: { TXL_WEBGPU: "" }, // on the device that a user's program has by default
      stdin: "null",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  });
}
