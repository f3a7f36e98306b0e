/**
 * The core of the library without Deno: what its entries import, and a bundle of them that scores a
 * checkpoint where there is neither Deno nor Node.
 *
 * @module
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import {
  CharacterVocabulary,
  checkpointMetadata,
  initialise,
  parameterSources,
  TransformerXL,
  vocabularySource,
} from "@transformer-xl/model";
import { modelOf, trainSchema } from "@transformer-xl/train";
import {
  ParameterStore,
  parseFlags,
  ReferenceDevice,
  weightsOf,
  writeSafetensors,
} from "@transformer-xl/runtime";
import { tryProgram } from "@transformer-xl/runtime/setup";
import { fileURLToPath } from "node:url";
import { score } from "../support/browser_page.ts";
import { Scratch } from "../support/small_run.ts";
import { browserOffences, type ReadFile } from "./rules/browser_rules.ts";
import { readSourceFiles, ROOT } from "./rules/source_tree.ts";

/** Folders whose files all belong to the core. */
const FOLDERS =
  /^(?:kernels|runtime\/(?:base|tensor|record|plan|params|autograd|random|reference|gpu|wasm))\/.*\.ts$/;

/** The core: its entries and the files of its folders. */
const ENTRIES = [
  ...["runtime/core.ts", "kernels/mod.ts", "model/core.ts"],
  ...readSourceFiles().map(({ path }) => path).filter((path) => FOLDERS.test(path)),
];

const readFile: ReadFile = (path) => Deno.readTextFileSync(new URL(path, ROOT));

Deno.test("tensors, kernels and models reach neither Deno nor Node", () => {
  const trees: readonly Readonly<Record<string, string>>[] = [
    { "runtime/core.ts": "Deno.exit(1);" },
    { "runtime/core.ts": 'export * from "./a.ts";', "runtime/a.ts": 'import "node:path";' },
    { "runtime/core.ts": 'import type { X } from "./a.ts";', "runtime/a.ts": "process.exit();" },
    { "runtime/core.ts": 'import { x } from "unknown";' },
    { "runtime/core.ts": "const here = import.meta.url;" },
    {
      "runtime/core.ts": 'export * from "@transformer-xl/kernels";',
      "kernels/deno.json": '{ "exports": { ".": "./mod.ts" } }',
      "kernels/mod.ts": "Deno.cwd();",
    },
  ];
  for (const tree of trees) {
    assertNotEquals(browserOffences(["runtime/core.ts"], (path) => tree[path]!), []);
  }
  const good = { "runtime/core.ts": '// Deno.exit\nexport const x = "ask Deno"; // or Deno\n' };
  assertEquals(browserOffences(["runtime/core.ts"], () => good["runtime/core.ts"]), []);
  assertEquals(browserOffences(ENTRIES, readFile), []);
});

Deno.test("a bundle for browsers scores a checkpoint as Deno does", async () => {
  await using scratch = new Scratch();
  const text = "the memory of the network";
  const path = await untrained(scratch.at("model.safetensors"), text);
  const file = new Blob([await Deno.readFile(path)]);
  const bundle = scratch.at("page.js");
  const page = fileURLToPath(new URL("tests/support/browser_page.ts", ROOT));
  const { code, stderr } = await tryProgram(
    [Deno.execPath(), "bundle", "--platform", "browser", "--output", bundle, page],
    { cwd: ROOT, env: { NO_COLOR: "1" } },
  );
  assertEquals(code, 0, stderr);
  const got = await inPage(bundle, file, text);
  assertEquals(got, await score(file, text));
  assertEquals(got.length, text.length - 1);
});

/** Writes a model that was not trained. */
async function untrained(path: string, text: string): Promise<string> {
  const vocabulary = new CharacterVocabulary([...new Set(text)]);
  const flags = [
    "--n_layer",
    "1",
    "--d_model",
    "8",
    "--d_inner",
    "8",
    "--n_head",
    "2",
    "--d_head",
    "4",
  ];
  const { config: settings } = parseFlags(trainSchema, flags, {});
  const config = modelOf(settings, vocabulary.size, []);
  using device = new ReferenceDevice({ precision: "f32" });
  using store = new ParameterStore();
  new TransformerXL(store, config, device.limits);
  store.allocate(device, { gradients: false });
  initialise(device, store, 1);
  const weights = parameterSources(device, store, weightsOf(store), "", "F32");
  const sources = [...weights, vocabularySource(vocabulary)];
  await writeSafetensors(path, sources, checkpointMetadata(config));
  return path;
}

/** Calls `score` of a bundle in a realm without the names of Deno and Node. */
async function inPage(bundle: string, file: Blob, text: string): Promise<readonly number[]> {
  const script = `
    for (const name of ["Deno", "process", "Buffer", "global"]) delete globalThis[name];
    onmessage = async ({ data: [bundle, bytes, text] }) => {
      if ("Deno" in globalThis) throw new Error("Deno is there");
      const { score } = await import(bundle);
      postMessage(await score(new Blob([bytes]), text));
    };`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage([`file://${bundle}`, await file.arrayBuffer(), text]);
    return await promise;
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}
