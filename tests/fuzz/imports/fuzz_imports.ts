/**
 * Fuzzing of imports: each mutant of a file of PyTorch is refused in one sentence that names it, or is
 * a model whose weights can be read, in little time and memory.
 *
 * @module
 */
import { type ImportSettings, openImport } from "@transformer-xl/model";
import { CheckpointError, ConfigError, type SafetensorsSource } from "@transformer-xl/runtime";
import { torchFixture } from "../../support/pytorch/torch_fixtures.ts";
import { Scratch, seededRandom } from "../../support/small_run.ts";
import type { Mutant } from "../checkpoint_mutations.ts";
import { messageProblem } from "../fuzz_checkpoints.ts";
import { PeakMemory } from "../peak_memory.ts";
import { ImportMutations } from "./import_mutations.ts";

/** Longest time for one file. */
const MAX_MS = 5000;

/** Largest growth of the memory by one file, beside four times its length. */
const MAX_BYTES = 128e6;

const NOTHING: ImportSettings = {
  ...{ compat: null, nHead: null, cutoffs: [], preLnorm: null, sameLength: null, clampLen: null },
  ...{ dataset: null, tgtLen: null, memLen: null, dropout: null, dropatt: null },
  ...{ vocabFile: null, sourceConfig: null, lowerCase: false },
};
const CACHE = { vocabFile: torchFixture("cache.pt") };
const STATE = { ...CACHE, cutoffs: [8, 16], preLnorm: false, sameLength: true, clampLen: -1 };

/** Files of models to mutate, and what is given beside them. */
const MODELS: readonly (readonly [name: string, settings: Partial<ImportSettings>])[] = [
  ["nvidia.pt", {}],
  ["nvidia_half.pt", {}],
  ["nvidia_2019.pt", {}],
  ["authors.pt", CACHE],
  ["authors_state.pt", STATE],
  ["huggingface/pytorch_model.bin", {
    ...CACHE,
    sourceConfig: torchFixture("huggingface/config.json"),
  }],
];

/** Files of vocabularies to mutate, for the authors' network. */
const VOCABULARIES = ["cache.pt", "huggingface/vocab.bin", "huggingface/vocab.pkl"];

/**
 * Imports mutants of every file in turn.
 *
 * @throws {Error} naming the mutation at the first wrong behaviour; the file is kept beside the message
 */
export async function fuzzImports(
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<void> {
  const random = seededRandom(seed);
  await using scratch = new Scratch();
  const bases = await Promise.all(
    [...MODELS.map(([name]) => name), ...VOCABULARIES].map(async (name) =>
      await ImportMutations.of(await Deno.readFile(torchFixture(name)), random)
    ),
  );
  const path = scratch.at("mutant.pt");
  for (let n = 0; n < count; n++) {
    const at = n % bases.length;
    const mutant = await bases[at]!.next();
    await Deno.writeFile(path, mutant.bytes);
    const memory = new PeakMemory();
    const start = performance.now();
    const [, settings] = MODELS[at] ?? [];
    const problem = settings !== undefined
      ? await problemOf(path, path, settings)
      : await problemOf(torchFixture("authors.pt"), path, { vocabFile: path });
    const took = performance.now() - start;
    const grown = memory.grownBytes;
    const found = problem ??
      (took > MAX_MS ? `it took ${took.toFixed(0)} ms` : undefined) ??
      (grown > MAX_BYTES + 4 * mutant.bytes.length ? `memory grew by ${grown} bytes` : undefined);
    if (found !== undefined) throw await kept(mutant, `Mutant ${n} of seed ${seed}`, found);
  }
}

async function kept({ kind, bytes }: Mutant, name: string, found: string): Promise<Error> {
  const path = await Deno.makeTempFile({ prefix: "mutant-", suffix: ".pt" });
  await Deno.writeFile(path, bytes);
  return new Error(`${name} (${kind}, kept as "${path}"): ${found}`);
}

/** What a mutant shows to be wrong. */
async function problemOf(
  model: string,
  mutant: string,
  settings: Partial<ImportSettings>,
): Promise<string | undefined> {
  try {
    using opened = await openImport(model, { ...NOTHING, ...settings });
    if (opened.vocabulary.size !== opened.config.nToken) return "accepted: another vocabulary";
    for (const source of opened.weights) {
      const bytes = await lengthOf(source);
      const wanted = source.shape.reduce((size, n) => size * n, WIDTHS[source.dtype] ?? NaN);
      if (bytes !== wanted) return `tensor ${source.name} has ${bytes} bytes, not ${wanted}`;
    }
  } catch (error) {
    // A mutant may also contradict the settings that are given with it.
    const { message } = error as Error;
    return messageProblem(
      error instanceof ConfigError ? new CheckpointError(message) : error,
      mutant,
    );
  }
}

const WIDTHS: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2 };

async function lengthOf({ values }: SafetensorsSource): Promise<number> {
  const pieces = typeof values === "function" ? values() : values;
  if (!(Symbol.asyncIterator in pieces)) return (await pieces).byteLength;
  let bytes = 0;
  for await (const { byteLength } of pieces) bytes += byteLength;
  return bytes;
}
