/**
 * `deno run -A bench/inference/main.ts`: evaluation with kept keys and with hidden states as memory,
 * and decoded tokens beside segments of one token, in turns in one run.
 *
 * @module
 */
import { openScorer, type Scorer } from "@transformer-xl/eval";
import { createModel, Decoder, type Model } from "@transformer-xl/model";
import { openDevice } from "@transformer-xl/runtime";
import { type Spread, spreadOf } from "../benchmark/spread.ts";
import { zipfSegments } from "../gpu_report/zipf_segments.ts";
import { runBenchProgram } from "../harness/bench_program.ts";
import { digits } from "../harness/results.ts";
import { type CachesFlags, cachesSchema } from "./settings.ts";

const SEED = 1111;

/** Runs before those that are timed. */
const WARMUP = 2;

if (import.meta.main) {
  await runBenchProgram("bench/inference/main.ts", cachesSchema, async (flags) => {
    using device = await openDevice(flags.device, console.log);
    const { words: vocabSize, nLayer, dModel } = flags;
    using model = await createModel(device, { vocabSize, nLayer, dModel }, { seed: SEED });
    for (const line of segmentLines(await timeSegments(model, flags), flags)) console.log(line);
    for (const line of tokenLines(await timeTokens(model, flags), flags)) console.log(line);
    return 0;
  });
}

/** Milliseconds in two ways, the same number of runs each. */
export interface Comparison {
  /** As without the cache. */
  readonly plainMs: readonly number[];
  /** With it. */
  readonly cachedMs: readonly number[];
}

/** Times segments of an evaluation, waited for one by one. */
export async function timeSegments(
  model: Model,
  flags: Pick<CachesFlags, "rounds" | "tgtLen" | "memLen">,
): Promise<Comparison> {
  const lengths = { batchSize: 1, tgtLen: flags.tgtLen, extLen: 0, memLen: flags.memLen };
  using hidden = await openScorer("webgpu", model, lengths, { cache: "hidden" });
  using keys = await openScorer("webgpu", model, lengths, { cache: "keys" });
  return await inTurns(flags.rounds, segmentTimer(hidden, model), segmentTimer(keys, model));
}

/** Times decoded tokens, and segments of one token without the cache between the first of them. */
export async function timeTokens(
  model: Model,
  { rounds, tokens, tgtLen, memLen }: Pick<CachesFlags, "rounds" | "tokens" | "tgtLen" | "memLen">,
): Promise<Comparison> {
  const lengths = { batchSize: 1, tgtLen: 1, extLen: 0, memLen };
  using hidden = await openScorer("webgpu", model, lengths, { cache: "hidden" });
  using decoder = await Decoder.open(model, { memLen, segmentLen: tgtLen });
  const ids = Uint32Array.from(
    { length: memLen + tokens + WARMUP },
    (_, i) => i % model.config.nToken,
  );
  await decoder.prefill(ids.subarray(0, Math.max(1, memLen)));
  let at = memLen;
  const decode = async () => {
    await decoder.next(ids.subarray(at, at + 1));
    at++;
  };
  const plain = segmentTimer(hidden, model);
  const { plainMs, cachedMs } = await inTurns(Math.min(rounds, tokens), plain, decode);
  const more: number[] = [];
  while (cachedMs.length + more.length < tokens) more.push(await elapsed(decode));
  return { plainMs, cachedMs: [...cachedMs, ...more] };
}

/** The lines of an evaluation. */
export function segmentLines(
  { plainMs, cachedMs }: Comparison,
  { tgtLen, memLen }: Pick<CachesFlags, "tgtLen" | "memLen">,
): string[] {
  const ratios = spreadOf(cachedMs.map((ms, i) => ms / plainMs[i]!));
  return [
    `a segment of ${tgtLen} tokens over ${memLen} of memory, batch 1`,
    `  hidden states : ${timeText(plainMs)}`,
    `  keys          : ${timeText(cachedMs)}`,
    `  time with keys over time with hidden states : ${rangeText(ratios)}`,
  ];
}

/** The lines of decoding. */
export function tokenLines(
  { plainMs, cachedMs }: Comparison,
  { memLen }: Pick<CachesFlags, "memLen">,
): string[] {
  const ratios = spreadOf(plainMs.map((ms, i) => ms / cachedMs[i]!));
  return [
    `${cachedMs.length} tokens over ${memLen} of memory, batch 1`,
    `  a segment of one token, hidden states : ${timeText(plainMs)}`,
    `  a decoded token                       : ${timeText(cachedMs)}`,
    `  times as fast                         : ${rangeText(ratios)}`,
  ];
}

function timeText(times: readonly number[]): string {
  return `${rangeText(spreadOf(times), " ms")}, ${times.length} runs`;
}

function rangeText({ median, min, max }: Spread, unit = ""): string {
  return `${digits(median)}${unit} (${digits(min)} to ${digits(max)})`;
}

/**
 * Runs one segment at a time and waits for its loss. Shapes are static: but for the softmax, a memory
 * that is not full takes as long as one that is.
 */
function segmentTimer(
  scorer: Scorer,
  { config: { nToken } }: Model,
): () => Promise<void> {
  const segments = zipfSegments(scorer.lengths, nToken, SEED, 4);
  let ran = 0;
  return async () => {
    scorer.run(segments[ran++ % segments.length]!);
    await scorer.losses();
  };
}

async function inTurns(
  rounds: number,
  plain: () => Promise<void>,
  cached: () => Promise<void>,
): Promise<Comparison> {
  const plainMs: number[] = [];
  const cachedMs: number[] = [];
  for (let round = -WARMUP; round < rounds; round++) {
    const [one, other] = [await elapsed(plain), await elapsed(cached)];
    if (round < 0) continue;
    plainMs.push(one);
    cachedMs.push(other);
  }
  return { plainMs, cachedMs };
}

async function elapsed(run: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}
