/**
 * The library in foreign projects, with the configurations of `model/importing.md` and the programs of
 * `model/library.md`.
 *
 * @module
 */
import { tryProgram } from "@transformer-xl/runtime/setup";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { codeBlocks, documentAt } from "./documents/documents.ts";
import { Scratch } from "../support/small_run.ts";
import { ROOT } from "./rules/source_tree.ts";

const LIBRARY = fileURLToPath(ROOT).replace(/\/$/, "");

const NAMES = "Batches, createModel, openDevice, TrainStep, WordVocabulary";

const PROGRAM = `
const vocabulary = WordVocabulary.fromText("a b a");
console.log(vocabulary.symbols.join(" "));
using device = await openDevice("cpu");
const sizes = { vocabSize: vocabulary.size, nLayer: 1, dModel: 16 };
using model = await createModel(device, sizes, { training: true });
using step = await TrainStep.record(model, { batchSize: 1, tgtLen: 4, memLen: 4 });
const tokens = Uint32Array.from({ length: 9 }, (_, i) => i % 3);
for (const segment of new Batches(tokens, step.lengths).segments()) step.run(segment, { lr: 0.01 });
console.log((await step.losses()).length, "steps");
`;

const PRINTED = "<eos> a b\n2 steps\n";

/** The JSON blocks of the page, in order: links, path, workspace. */
function configurations(): readonly string[] {
  const { text } = documentAt("model/importing.md");
  return [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => json!);
}

async function deno(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tryProgram([Deno.execPath(), ...args], {
    cwd: folder,
    env: { NO_COLOR: "1" },
  });
  assert(code === 0, stderr);
  return stdout;
}

/** As a reader would try them: one after the other, in one folder. */
Deno.test("the programs of model/library.md type-check under Deno's default options in a project that links the library, and run", async () => {
  await using scratch = new Scratch();
  const [links] = configurations();
  await scratch.text("deno.json", links!.replaceAll("../transformer-xl", LIBRARY));
  const blocks = codeBlocks("ts", documentAt("model/library.md").text);
  for (const [n, block] of blocks.entries()) await scratch.text(`${n}.ts`, block);
  await scratch.text("main.ts", blocks.map((_, n) => `await import("./${n}.ts");\n`).join(""));
  await deno(scratch.path, "check", "main.ts");
  const stdout = await deno(scratch.path, "run", "-A", "main.ts");
  assertMatch(stdout, /epoch 3: 0\.\d+/); // the text is learnt
  assertMatch(stdout, /^39 tokens, perplexity 1\.\d+$/m);
  assertMatch(stdout, /^\[ " two ", " two " \]$/m);
  assertMatch(stdout, /^<eos> with probability [\d.]+\nfour with probability [\d.]+\nthree with /m);
  assertMatch(stdout, /derivative is Float32Array\(3\) \[ 2, 4, 6 \]/);
});

Deno.test("a project imports the library by its path", async () => {
  await using scratch = new Scratch();
  const [, path] = configurations();
  await scratch.text("deno.json", path!.replaceAll("../transformer-xl", LIBRARY));
  await scratch.text("main.ts", `import { ${NAMES} } from "${LIBRARY}/mod.ts";${PROGRAM}`);
  assertEquals(await deno(scratch.path, "run", "-A", "main.ts"), PRINTED);
});

Deno.test("a workspace holds the library's members", async () => {
  await using scratch = new Scratch();
  const [, , workspace] = configurations();
  await scratch.text("deno.json", workspace!);
  await Deno.mkdir(scratch.at("app"));
  await scratch.text("app/deno.json", `{ "name": "@my/app", "exports": "./main.ts" }`);
  const main = `import { ${NAMES} } from "@transformer-xl/mod";${PROGRAM}`;
  await scratch.text("app/main.ts", main);
  const entries = ["deno.json", "mod.ts", ".std", "runtime", "kernels", "model", "eval", "train"];
  for (const entry of [...entries, "bench/deno.json"]) {
    await copy(`${LIBRARY}/${entry}`, scratch.at(`transformer-xl/${entry}`));
  }
  assertEquals(await deno(scratch.path, "run", "-A", "app/main.ts"), PRINTED);
});

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isDirectory) {
    await Deno.mkdir(to, { recursive: true });
    for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
  } else {
    await Deno.mkdir(to.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(from, to);
  }
}
