/**
 * Facts of the image and of the SLURM job, without building or queueing them.
 *
 * @module
 */
import { scanFlags } from "@transformer-xl/runtime";
import { trainSchema } from "@transformer-xl/train";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "../../repository/rules/source_tree.ts";
import { instructionsOf, valuesOf } from "./dockerfile.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const exists = (path: string) => {
  Deno.statSync(new URL(path, ROOT));
  return true;
};
const instructions = instructionsOf(read("train/containers/Dockerfile"));
const { tasks, workspace } = JSON.parse(read("deno.json")) as {
  tasks: Readonly<Record<string, unknown>>;
  workspace: readonly string[];
};

Deno.test("the image has the Deno of the first command of the README, by checksums", () => {
  const values = valuesOf(instructions, "ARG");
  const [, version] = /npx -y deno@([\d.]+) task quickstart/.exec(read("README.md"))!;
  assertEquals(values.DENO_VERSION, version);
  for (const name of ["DENO_SHA256_AMD64", "DENO_SHA256_ARM64"]) {
    assertMatch(values[name]!, /^[0-9a-f]{64}$/);
  }
  assertEquals(instructions.slice(0, 2).map(({ name }) => name), ["ARG", "FROM"]);
  assert(instructions[0]!.text.startsWith("BASE=") && instructions[1]!.text === "${BASE}");
});

Deno.test("every value that a line of the image uses is declared before it", () => {
  const known = new Set<string>();
  for (const { name, text } of instructions) {
    const local = [...text.matchAll(/\b(\w+)=/g)].map(([, variable]) => variable!);
    for (const [, variable] of text.matchAll(/\$\{(\w+)\}/g)) {
      assert(known.has(variable!) || local.includes(variable!), `${name} uses ${variable}`);
    }
    if (name === "ARG" || name === "ENV") known.add(local[0]!);
  }
});

Deno.test("the image loads programs that exist and starts a task that exists", () => {
  const cached = instructions.find(({ text }) => text.includes("deno cache"))!.text;
  const programs = cached.match(/\b[\w/]+\.ts\b/g)!;
  assert(programs.length >= 3 && programs.every(exists));
  const { text } = instructions.find(({ name }) => name === "CMD")!;
  const [deno, task, name] = JSON.parse(text) as string[];
  assertEquals([deno, task], ["deno", "task"]);
  assert(Object.hasOwn(tasks, name!));
});

Deno.test("the context of the image is all that the programs need, and nothing else", () => {
  const lines = read("train/containers/Dockerfile.dockerignore").split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  assertEquals(lines[0], "*");
  const kept = lines.slice(1).map((line) => line.replace(/^!/, ""));
  assert(lines.slice(1).every((line) => line.startsWith("!")) && kept.every(exists));
  const needed = [...workspace.map((path) => path.replace("./", "")), "deno.json", "deno.lock"];
  assertEquals(needed.filter((name) => !kept.includes(name)), []);
});

Deno.test("the SLURM job runs training with flags that it has", () => {
  const script = read("train/containers/train.sbatch");
  const program = /program=\((deno run -A ([\w/.]+))\)/.exec(script)!;
  assert(exists(program[2]!));
  const [, words] = /"\$\{program\[@\]\}" \\\n\s*(.*)$/m.exec(script)!;
  const flags = words!.replace(/\$\{PRESET:-([\w-]+)\}/, "$1").replaceAll('"', "").split(" ");
  const scanned = scanFlags(trainSchema, flags);
  assertEquals([scanned.preset, scanned.restart], ["wt103-base", true]);
  const variables = [...script.matchAll(/\$\{?([A-Z_]+)/g)].map(([, name]) => name!);
  const page = read("train/containers/README.md");
  for (const name of new Set(variables)) assert(page.includes(name), name);
});
