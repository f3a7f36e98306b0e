/**
 * Fuzzing of exported ONNX models: each mutant is refused in one sentence that names the file, or
 * agrees with itself, in little time and memory.
 *
 * @module
 */
import { openCheckpoint, readOnnxFacts, writeOnnxModel } from "@transformer-xl/model";
import { OnnxFile } from "@transformer-xl/runtime";
import { trainedCheckpoint } from "../../support/model/trained_checkpoint.ts";
import { join } from "../../support/safetensors_bytes.ts";
import { Scratch, seededRandom } from "../../support/small_run.ts";
import { messageProblem } from "../fuzz_checkpoints.ts";
import { PeakMemory } from "../peak_memory.ts";

/** Longest time for one file. */
const MAX_MS = 5000;

/** Largest growth of the memory by one file, beside four times its length. */
const MAX_BYTES = 128e6;

type Bytes = Uint8Array<ArrayBuffer>;

/** An exported model, as training leaves and export writes it. */
async function baseModel(): Promise<Bytes> {
  await using scratch = new Scratch();
  using checkpoint = await openCheckpoint(await trainedCheckpoint(scratch.path));
  const path = scratch.at("base.onnx");
  const lengths = { tgtLen: 8, extLen: 0, memLen: 8 };
  await writeOnnxModel(checkpoint, path, { lengths, outputs: "losses", half: false });
  return await Deno.readFile(path);
}

/**
 * Opens mutants of a model.
 *
 * @throws {Error} naming the mutation at the first wrong behaviour; the file is kept beside the message
 */
export async function fuzzOnnx(
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<void> {
  const random = seededRandom(seed);
  const int = (n: number) => Math.floor(random() * n);
  const base = await baseModel();
  const kinds = Object.entries(KINDS);
  await using scratch = new Scratch();
  const path = scratch.at("mutant.onnx");
  for (let n = 0; n < count; n++) {
    const [kind, mutate] = kinds[int(kinds.length)]!;
    const bytes = mutate(base.slice(), int);
    await Deno.writeFile(path, bytes);
    const memory = new PeakMemory();
    const start = performance.now();
    const problem = await problemOf(path);
    const took = performance.now() - start;
    const grown = memory.grownBytes;
    const found = problem ??
      (took > MAX_MS ? `it took ${took.toFixed(0)} ms` : undefined) ??
      (grown > MAX_BYTES + 4 * bytes.length ? `memory grew by ${grown} bytes` : undefined);
    if (found === undefined) continue;
    const kept = await Deno.makeTempFile({ prefix: "mutant-", suffix: ".onnx" });
    await Deno.writeFile(kept, bytes);
    throw new Error(`Mutant ${n} of seed ${seed} (${kind}, kept as "${kept}"): ${found}`);
  }
}

/** What a mutant shows to be wrong. */
async function problemOf(path: string): Promise<string | undefined> {
  try {
    using file = await OnnxFile.open(path);
    const { vocabulary, config, lengths } = await readOnnxFacts(file);
    await file.isUnchanged();
    if (vocabulary.size !== config.nToken) return `accepted: ${vocabulary.size} symbols`;
    if (!(lengths.tgtLen >= 1)) return `accepted: segments of ${lengths.tgtLen}`;
  } catch (error) {
    return messageProblem(error, path);
  }
}

type Int = (n: number) => number;

/** Digits and signs that JSON may have in place of each other. */
const JSON_BYTES = new TextEncoder().encode('0129-.{}[],:"en\\\u0000');

/** Where the documents of the metadata begin: they follow the graph. */
function documents(bytes: Bytes): number {
  return new TextDecoder("latin1").decode(bytes).lastIndexOf("transformer-xl-onnx");
}

/** Lengths that a varint may claim. */
const LENGTHS: readonly (readonly number[])[] = [
  [0],
  [0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  Array.from({ length: 30 }, () => 0xff),
];

const KINDS: Readonly<Record<string, (bytes: Bytes, int: Int) => Bytes>> = {
  "bits of the file": (bytes, int) => {
    for (let n = 1 + int(4); n > 0; n--) bytes[int(bytes.length)]! ^= 1 << int(8);
    return bytes;
  },
  "bits of the metadata": (bytes, int) => {
    const begin = documents(bytes);
    for (let n = 1 + int(3); n > 0; n--) bytes[begin + int(bytes.length - begin)]! ^= 1 << int(8);
    return bytes;
  },
  "documents of the metadata": (bytes, int) => {
    const begin = documents(bytes);
    for (let n = 1 + int(2); n > 0; n--) {
      bytes[begin + int(bytes.length - begin)] = JSON_BYTES[int(JSON_BYTES.length)]!;
    }
    return bytes;
  },
  "truncated": (bytes, int) => bytes.slice(0, int(bytes.length)),
  "bytes lost": (bytes, int) => {
    const at = int(bytes.length);
    return join([bytes.subarray(0, at), bytes.subarray(at + 1 + int(9))]);
  },
  "bytes added": (bytes, int) => {
    const at = int(bytes.length);
    const added = Uint8Array.from({ length: 1 + int(9) }, () => int(256));
    return join([bytes.subarray(0, at), added, bytes.subarray(at)]);
  },
  "a length": (bytes, int) => {
    // Fields of the model's end: 0x72 is the tag of metadata.
    const tags = [...bytes.keys()].filter((at) => bytes[at] === 0x72);
    const at = tags[int(tags.length)]! + 1;
    const length = Uint8Array.from(LENGTHS[int(LENGTHS.length)]!);
    return join([bytes.subarray(0, at), length, bytes.subarray(at + 1)]);
  },
  "twice": (bytes) => join([bytes, bytes]),
};
