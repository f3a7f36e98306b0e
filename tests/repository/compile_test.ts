import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tryProgram } from "@transformer-xl/runtime/setup";
import { compileCommand, EXECUTABLES } from "@transformer-xl/train/compile";
import { loadUplot } from "@transformer-xl/eval/page";
import { documentAt } from "./documents/documents.ts";
import { Scratch } from "../support/small_run.ts";
import { readSourceFiles, resolvePath, ROOT } from "./rules/source_tree.ts";

const SOURCES = readSourceFiles().filter(({ path }) => !/^(bench|tests)\//.test(path));
const KERNELS = SOURCES.filter(({ path }) => path.endsWith(".wgsl"));

/** The plain Deno executable stands in for denort: nothing is downloaded, what is added is the same. */
Deno.test("deno task compile embeds every kernel and worker in a program", async () => {
  await using scratch = new Scratch();
  const output = scratch.at("program");
  const { code, stdout } = await compile("train/cli.ts", output, Deno.execPath());
  assert(code === 0, stdout);
  const denort = (await Deno.stat(Deno.execPath())).size;
  // A search in a string of bytes is 15 times as fast as one in a buffer.
  const added = Buffer.from((await Deno.readFile(output)).buffer).toString("latin1", denort);
  const embeds = (text: string) => added.includes(Buffer.from(text).toString("latin1"));
  for (const { path, text } of KERNELS) assert(embeds(text.trimEnd()), `${path} is not embedded`);
  for (const worker of workers()) {
    assertStringIncludes(stdout, worker.split("/").at(-1)!);
  }
  for (const text of Object.values(await loadUplot())) {
    assert(embeds(text), "uPlot is not embedded");
  }
});

/** What a program imports is compiled alike, so that one executable is looked into. */
Deno.test("every program to compile imports every kernel", async () => {
  for (const [program] of EXECUTABLES) {
    const { code, stdout } = await tryProgram(
      [Deno.execPath(), "info", "--json", program],
      { cwd: ROOT },
    );
    assert(code === 0, program);
    const { modules } = JSON.parse(stdout) as { readonly modules: readonly { local?: string }[] };
    const imported = new Set(modules.map(({ local }) => local));
    for (const { path } of KERNELS) {
      assert(imported.has(`${ROOT.pathname}${path}`), `${program} does not import ${path}`);
    }
  }
});

Deno.test("README.md shows the commands of deno task compile", () => {
  const named = [...documentAt("README.md").text.matchAll(/^deno compile .*$/gm)];
  assertEquals(
    named.map(([line]) => line),
    EXECUTABLES.map(([program, output]) => compileCommand(program, output).join(" ")),
  );
});

Deno.test("every worker is named to the compiler", () => {
  assert(workers().length > 0);
  const source = SOURCES.find(({ path }) => path === "train/compile.ts")!.text;
  for (const worker of workers()) assertStringIncludes(source, `"${worker}"`);
});

Deno.test("deno task compile says in one sentence what is missing", async () => {
  await using scratch = new Scratch();
  const missing = scratch.at("none");
  const { code, stdout } = await compile("runtime/base/errors.ts", scratch.at("program"), missing);
  assert(code === 1, stdout);
  assertStringIncludes(stdout, 'Cannot compile "runtime/base/errors.ts": denort');
  assertStringIncludes(stdout, "DENORT_BIN");
});

Deno.test("deno task compile refuses what is no module, with exit code 2", async () => {
  for (
    const [word, reason] of [
      ["nosuch.ts", "there is no such module here"],
      ["train", "there is no such module here"],
      ["--gpus", "compile has no flags; give a module"],
    ] as const
  ) {
    const { code, stdout } = await compile(word, "program", Deno.execPath());
    assertEquals(code, 2);
    assertMatch(stdout, new RegExp(`^error: Cannot \\w+ "${word}": ${reason}\n$`));
  }
});

/** Paths of the modules that the programs start as workers. */
function workers(): readonly string[] {
  return SOURCES.flatMap(({ path, text }) =>
    [...text.matchAll(/new Worker\(\s*new URL\("([^"]+)", import\.meta\.url\)/g)]
      .map(([, specifier]) => resolvePath(path, specifier!))
  );
}

async function compile(
  program: string,
  output: string,
  denort: string,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const script = "train/compile.ts";
  const { code, stdout, stderr } = await tryProgram(
    [Deno.execPath(), "run", "-A", script, program, output],
    { cwd: ROOT, env: { DENORT_BIN: denort } },
  );
  return { code, stdout: stdout + stderr };
}
