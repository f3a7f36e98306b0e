/**
 * Fuzzing of checkpoints: each mutant is rejected in one sentence that names the file, or is
 * consistent.
 *
 * @module
 */
import {
  loadWeights,
  type ModelCheckpoint,
  openCheckpoint,
  saveWeights,
  trainedFacts,
  TransformerXL,
} from "@transformer-xl/model";
import { CheckpointError, ParameterStore, ReferenceDevice } from "@transformer-xl/runtime";
import { type TrainingRecord, trainingRecord } from "@transformer-xl/train";
import { Scratch, seededRandom } from "../support/small_run.ts";
import { trainedCheckpoint } from "../support/model/trained_checkpoint.ts";
import { PeakMemory } from "./peak_memory.ts";
import { CheckpointMutations, type Mutant } from "./checkpoint_mutations.ts";

/** Longest time for one file. */
const MAX_MS = 5000;

/** Largest growth of the memory by one file, beside four times its length. */
const MAX_BYTES = 128e6;

/** Of so many mutants, the weights of two are loaded if they were opened. */
const LOAD_EVERY = 10;

/** A checkpoint that training wrote, of a network of a few hundred weights. */
export async function baseCheckpoint(): Promise<Uint8Array<ArrayBuffer>> {
  await using scratch = new Scratch();
  return await Deno.readFile(await trainedCheckpoint(scratch.path));
}

/** The weights of that checkpoint alone, in half precision. */
export async function weightsAlone(): Promise<Uint8Array<ArrayBuffer>> {
  await using scratch = new Scratch();
  using checkpoint = await openCheckpoint(await trainedCheckpoint(scratch.path));
  const path = scratch.at("weights.safetensors");
  await saveWeights(path, checkpoint, "F16");
  return await Deno.readFile(path);
}

/**
 * Opens mutants of a checkpoint and of weights alone, in turns.
 *
 * @throws {Error} naming the mutation at the first wrong behaviour; the file is kept beside the message
 */
export async function fuzzCheckpoints(
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<void> {
  const random = seededRandom(seed);
  const bases = [await baseCheckpoint(), await weightsAlone()];
  const mutations = bases.map((base) => new CheckpointMutations(base, random));
  await using scratch = new Scratch();
  const path = scratch.at("mutant.safetensors");
  for (let n = 0; n < count; n++) {
    const mutant = mutations[n % 2]!.next();
    await Deno.writeFile(path, mutant.bytes);
    const memory = new PeakMemory();
    const start = performance.now();
    const problem = await problemOf(path, mutant, n % LOAD_EVERY < 2);
    const took = performance.now() - start;
    const grown = memory.grownBytes;
    const found = problem ??
      (took > MAX_MS ? `it took ${took.toFixed(0)} ms` : undefined) ??
      (grown > MAX_BYTES + 4 * mutant.bytes.length ? `memory grew by ${grown} bytes` : undefined);
    if (found === undefined) continue;
    const kept = await Deno.makeTempFile({ prefix: "mutant-", suffix: ".safetensors" });
    await Deno.writeFile(kept, mutant.bytes);
    throw new Error(`Mutant ${n} of seed ${seed} (${mutant.kind}, kept as "${kept}"): ${found}`);
  }
}

/** What a mutant shows to be wrong. */
async function problemOf(
  path: string,
  mutant: Mutant,
  loads: boolean,
): Promise<string | undefined> {
  try {
    using checkpoint = await openCheckpoint(path);
    const model = contradictionOf(checkpoint, mutant);
    if (model !== undefined) return model;
    if (loads) await load(checkpoint);
    trainedFacts(checkpoint);
    if (checkpoint.training === null) return undefined;
    return positionProblem(trainingRecord(checkpoint), checkpoint);
  } catch (error) {
    return messageProblem(error, path);
  }
}

/** What is wrong with an error that ends the program. */
export function messageProblem(error: unknown, path: string): string | undefined {
  if (!(error instanceof CheckpointError)) return `uncaught ${(error as Error).stack}`;
  const { message } = error;
  if (!message.includes(path)) return `the message does not name the file: ${message}`;
  if (message.length >= 400) return `the message has ${message.length} characters`;
  if (/\p{Cc}/u.test(message)) {
    return `the message has control characters: ${JSON.stringify(message)}`;
  }
}

/** What a checkpoint that was opened must not be. */
function contradictionOf(
  { config: modelConfig, vocabulary, file, verified }: ModelCheckpoint,
  { kind }: Mutant,
): string | undefined {
  const accepts = (what: string) => `accepted: ${what}`;
  if (/not finite|name twice/.test(kind) && isCertain(kind, verified)) return accepts(kind);
  if (kind.endsWith("checksum broken")) return accepts("a broken checksum");
  if (/^(?:bits of the file|truncated|header length)/.test(kind) && verified) return accepts(kind);
  if (modelConfig.nToken !== vocabulary.size) return accepts(`${vocabulary.size} symbols`);
  const bounds = [0, ...modelConfig.cutoffs, modelConfig.nToken];
  if (bounds.some((bound, i) => i > 0 && bound <= bounds[i - 1]!)) return accepts(`cuts ${bounds}`);
  if (modelConfig.tieProjs.length !== bounds.length - 1) {
    return accepts(`tieProjs ${modelConfig.tieProjs}`);
  }
  const wide = [3 * modelConfig.nHead * modelConfig.dHead, modelConfig.dModel].join();
  for (let layer = 0; layer < modelConfig.nLayer; layer++) {
    const stored = file.shape(`layers.${layer}.dec_attn.qkv_net.weight`).join();
    if (stored !== wide) return accepts(`layer ${layer} of shape ${stored}`);
  }
}

/** Some tensors are empty or metadata alone; where a file has a checksum, the mutation was made. */
function isCertain(kind: string, verified: boolean): boolean {
  return verified && (kind.startsWith("name twice") || kind.startsWith("not finite"));
}

/** Loads the weights, as evaluation does. */
async function load(checkpoint: ModelCheckpoint): Promise<void> {
  using device = new ReferenceDevice({ precision: "f32" });
  using store = new ParameterStore();
  new TransformerXL(store, checkpoint.config, device.limits);
  store.allocate(device, { gradients: false });
  await loadWeights(device, store, checkpoint);
}

/** What a position in the text must not be. */
function positionProblem(
  { config, progress }: TrainingRecord,
  { file, config: modelConfig }: ModelCheckpoint,
): string | undefined {
  const { lastStart, filled, epoch, step } = progress;
  if (filled > config.memLen) return `accepted: ${filled} rows of memory of ${config.memLen}`;
  if (lastStart !== null && !(lastStart >= 0 && lastStart % config.tgtLen === 0)) {
    return `accepted: a segment that starts at ${lastStart}`;
  }
  if (epoch > step + 1) return `accepted: epoch ${epoch} after ${step} steps`;
  const wanted = [filled, config.batchSize, modelConfig.dModel].join();
  for (const name of file.names.filter((name) => name.startsWith("memory."))) {
    if (file.shape(name).join() !== wanted) return `accepted: ${name} of [${file.shape(name)}]`;
  }
}
