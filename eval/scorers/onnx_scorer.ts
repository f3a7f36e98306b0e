/**
 * Scorer that runs an exported model in ONNX Runtime. It carries the memory from one segment to the
 * next: outputs of a run are inputs of the next one.
 *
 * @module
 */
import { IGNORED } from "@transformer-xl/kernels";
import {
  allLengths,
  HEAD_NAMES,
  type Lengths,
  type LengthSettings,
  MEMORY_NAMES,
  type OnnxFacts,
  type Segment,
} from "@transformer-xl/model";
import type { HostArray } from "@transformer-xl/runtime";
import { mean } from "../metrics.ts";
import type { OnnxRuntime, OnnxSession, OnnxTensor } from "./onnx_session.ts";
import type { RankingScorer, TargetScores } from "./scorer.ts";

/** A model in ONNX Runtime. */
export interface OnnxModel {
  /** The runtime. */
  readonly runtime: OnnxRuntime;
  /** The model in it. */
  readonly session: OnnxSession;
  /** What the file says of itself. */
  readonly facts: Pick<OnnxFacts, "config" | "half" | "outputs">;
}

/** Outputs that the next run reads. */
export function residentOutputs(
  { config: { nLayer }, lengths: { memLen } }: Pick<OnnxFacts, "config" | "lengths">,
): string[] {
  const layers = memLen === 0 ? 0 : nLayer;
  return Array.from(
    { length: layers },
    (_, layer) => MEMORY_NAMES.next(MEMORY_NAMES.layer(layer)),
  );
}

type Outputs = Readonly<Record<string, OnnxTensor>>;

/** A scorer of an exported model, which it does not own. */
export class OnnxScorer implements RankingScorer {
  /** See {@link Scorer.lengths}. */
  readonly lengths: Lengths;
  /** The memory of a segment is that of the one before. */
  readonly capacity = 1;
  readonly #model: OnnxModel;
  #memory: Record<string, OnnxTensor>;
  #unread: { readonly segment: Segment; readonly outputs: Promise<Outputs> } | undefined;
  #scores: TargetScores = { logProbabilities: [], ranks: [] };

  /** @param lengths those of the file, or fewer target rows */
  constructor(model: OnnxModel, lengths: LengthSettings) {
    this.#model = model;
    this.lengths = allLengths(lengths);
    this.#memory = this.#emptyMemory();
  }

  /** See {@link Scorer.run}. */
  run(segment: Segment): void {
    if (this.#unread !== undefined) {
      throw new RangeError("Cannot score a segment: the losses of the one before are unread");
    }
    const { session, facts } = this.#model;
    const { inputs, targets, rows, targetRows } = segment;
    // Padding has no id; tokens after it have no targets.
    const ids = inputs.map((id) => id === IGNORED ? 0 : id);
    const outputs = session.run({
      ids: this.#batchFirst(ids, rows),
      ...(facts.outputs !== "log_probabilities" && {
        [HEAD_NAMES.targets]: this.#batchFirst(targets, targetRows),
      }),
      ...this.#memory,
    });
    outputs.catch(() => {}); // thrown where the losses are read
    this.#unread = { segment, outputs };
  }

  /** See {@link Scorer.losses}. */
  async losses(): Promise<number[]> {
    if (this.#unread === undefined) return [];
    const { segment, outputs: pending } = this.#unread;
    const outputs = await pending;
    this.#unread = undefined;
    this.#keepMemory(outputs);
    this.#scores = this.#scoresOf(segment, outputs);
    const { targets } = segment;
    const { logProbabilities } = this.#scores;
    return [-mean(logProbabilities.filter((_, i) => targets[i] !== IGNORED))];
  }

  /** See {@link Scorer.tokenLosses}. */
  tokenLosses(): Promise<HostArray> {
    return Promise.resolve(Float32Array.from(this.#scores.logProbabilities, (value) => -value));
  }

  /** Scores of the segment whose loss was read last; ranks are 0 where the file has no words. */
  get scores(): TargetScores {
    return this.#scores;
  }

  /** See {@link Scorer.reset}. */
  reset(): void {
    for (const tensor of Object.values(this.#memory)) tensor.dispose();
    this.#memory = this.#emptyMemory();
    this.#unread = undefined;
  }

  /** Frees the memory. */
  [Symbol.dispose](): void {
    for (const tensor of Object.values(this.#memory)) tensor.dispose();
  }

  #emptyMemory(): Record<string, OnnxTensor> {
    const { runtime, facts: { config: { nLayer, dModel }, half } } = this.#model;
    const { batchSize, memLen } = this.lengths;
    if (memLen === 0) return {};
    const dims = [batchSize, memLen, dModel];
    const size = batchSize * memLen * dModel;
    const layers = Array.from({ length: nLayer }, (_, layer) => [
      MEMORY_NAMES.layer(layer),
      half
        ? runtime.tensor("float16", new Float16Array(size), dims)
        : runtime.tensor("float32", new Float32Array(size), dims),
    ]);
    const rows = runtime.tensor("int64", BigInt64Array.of(0n), [1]);
    return { ...Object.fromEntries(layers), [MEMORY_NAMES.rows]: rows };
  }

  /** The memory after a run; that before it is freed. */
  #keepMemory(outputs: Outputs): void {
    for (const tensor of Object.values(this.#memory)) tensor.dispose();
    this.#memory = Object.fromEntries(
      Object.keys(this.#memory).map((name) => [name, outputs[MEMORY_NAMES.next(name)]!]),
    );
  }

  /** Ids in time-major rows as a tensor [B, rows]; ignored ones are negative. */
  #batchFirst(ids: Uint32Array, rows: number): OnnxTensor {
    const { batchSize: B } = this.lengths;
    const values = new BigInt64Array(ids.length);
    ids.forEach((id, i) => {
      values[i % B * rows + Math.floor(i / B)] = id === IGNORED ? -1n : BigInt(id);
    });
    return this.#model.runtime.tensor("int64", values, [B, rows]);
  }

  /** Scores of targets in token order, from losses or from log-probabilities of all words. */
  #scoresOf({ targets, rows, targetRows: T }: Segment, outputs: Outputs): TargetScores {
    const { batchSize: B } = this.lengths;
    const words = outputs[HEAD_NAMES.words]?.data as Float32Array | undefined;
    const losses = outputs[HEAD_NAMES.losses]?.data as Float32Array | undefined;
    const { nToken: V } = this.#model.facts.config;
    const skipped = losses === undefined ? rows - T : 0; // rows of words before those of targets
    const logProbabilities: number[] = [];
    const ranks: number[] = [];
    targets.forEach((target, i) => {
      const [column, row] = [i % B, Math.floor(i / B)];
      const start = (column * (T + skipped) + skipped + row) * V;
      const ofRow = target === IGNORED ? undefined : words?.subarray(start, start + V);
      const own = ofRow?.[target] ?? 0;
      logProbabilities.push(losses === undefined ? own : -losses[column * T + row]!);
      ranks.push(ofRow === undefined ? 0 : 1 + countAbove(ofRow, own));
    });
    return { logProbabilities, ranks };
  }
}

function countAbove(values: Float32Array, bound: number): number {
  let count = 0;
  for (const value of values) if (value > bound) count++;
  return count;
}
