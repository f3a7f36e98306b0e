/**
 * Scorer that also ranks the targets among all words, for scores of every token. It computes the
 * log-probabilities of all words, of a few rows at a time where the vocabulary is large, and reads
 * two numbers per token from the device.
 *
 * @module
 */
import { IGNORED, slice, targetScores } from "@transformer-xl/kernels";
import {
  allLengths,
  type BatchInputs,
  InferenceMemory,
  type Lengths,
  type LengthSettings,
  type Model,
  type Segment,
} from "@transformer-xl/model";
import type { HostArray, Input, Plan, PlanInputs, Tensor } from "@transformer-xl/runtime";
import { mean } from "../metrics.ts";
import type { ScorerOptions } from "./plan_scorer.ts";
import type { RankingScorer, TargetScores } from "./scorer.ts";

/** Most bytes of log-probabilities that exist at once. */
const MOST_BYTES = 64 * 2 ** 20;

/** Options of a scorer that ranks. */
export interface RankOptions extends ScorerOptions {
  /** Most bytes of log-probabilities that exist at once (default 64 MiB). */
  readonly mostBytes?: number;
}

type RankingPlan = Plan<PlanInputs, Record<string, Tensor>, {
  readonly batch: BatchInputs;
  readonly targets: readonly Input<"u32">[];
}>;

/** What a scorer owns on the device. */
interface Owned {
  readonly memory: InferenceMemory;
  readonly plan: RankingPlan;
}

/** A recording of the model that ranks targets. */
export class RankScorer implements RankingScorer {
  /** See {@link Scorer.lengths}. */
  readonly lengths: Lengths;
  /** Scores of one segment exist at a time. */
  readonly capacity = 1;
  readonly #owned: Owned;
  #unread: Segment | undefined;
  #scores: TargetScores = { logProbabilities: [], ranks: [] };

  private constructor(lengths: Lengths, owned: Owned) {
    this.lengths = lengths;
    this.#owned = owned;
  }

  /**
   * Records the model.
   *
   * @throws {ConfigError} when keys of memory rows are asked for and do not stay right
   * @throws {DeviceError} when memory is short
   */
  static async open(
    model: Model,
    settings: LengthSettings,
    { cache, mostBytes = MOST_BYTES }: RankOptions = {},
  ): Promise<RankScorer> {
    const { device } = model;
    const lengths = allLengths(settings);
    const rows = lengths.tgtLen * lengths.batchSize;
    const most = Math.min(mostBytes, device.limits.maxBindingBytes);
    const chunk = Math.min(rows, Math.max(1, Math.floor(most / 4 / model.config.nToken)));
    using stack = new DisposableStack();
    const label = "scores memory";
    const memory = stack.use(await InferenceMemory.open(model, lengths, { label, cache }));
    const plan = await device.plan("scores of tokens", (rec) => {
      const batch = model.inputs(rec, lengths);
      const hidden = model.forward(rec, batch, { ...memory.recording, head: "hidden" });
      const targets: Input<"u32">[] = [];
      const outputs: Record<string, Tensor> = {};
      for (let start = 0; start < rows; start += chunk) {
        const count = Math.min(chunk, rows - start);
        const part = count === rows ? hidden : slice(rec, hidden, { start, count });
        const input = rec.input(`target words ${start}`, [count], "u32");
        targets.push(input);
        const words = model.logProbabilities(rec, part);
        outputs[`scores ${start}`] = targetScores(rec, words, input);
      }
      const named = Object.fromEntries(targets.map((input) => [input.label, input]));
      return { inputs: { ...batch.inputs, ...named }, outputs, kept: { batch, targets } };
    });
    stack.move();
    return new RankScorer(lengths, { memory, plan });
  }

  /** See {@link Scorer.run}. */
  run(segment: Segment): void {
    if (this.#unread !== undefined) {
      throw new RangeError("Cannot score a segment: the losses of the one before are unread");
    }
    const { plan, memory } = this.#owned;
    const { batch, targets } = plan.kept;
    let start = 0;
    const words = targets.map((input) => {
      const ids = new Uint32Array(input.size).fill(IGNORED);
      ids.set(segment.targets.subarray(start, start += input.size));
      return [input.label, ids];
    });
    memory.run(plan, batch, segment, Object.fromEntries(words));
    this.#unread = segment;
  }

  /** See {@link Scorer.losses}. */
  async losses(): Promise<number[]> {
    if (this.#unread === undefined) return [];
    const { targets } = this.#unread;
    this.#unread = undefined;
    const { plan } = this.#owned;
    const parts = await plan.read(...plan.outputNames);
    const pairs = plan.outputNames.flatMap((name) => [...parts[name]!]);
    const [logProbabilities, ranks] = [0, 1].map((n) =>
      Array.from(targets, (_, i) => pairs[2 * i + n]!)
    ) as [number[], number[]];
    this.#scores = { logProbabilities, ranks };
    return [-mean(logProbabilities.filter((_, i) => targets[i] !== IGNORED))];
  }

  /** See {@link Scorer.tokenLosses}. */
  tokenLosses(): Promise<HostArray> {
    return Promise.resolve(Float32Array.from(this.#scores.logProbabilities, (value) => -value));
  }

  /** Scores of the segment whose loss was read last. */
  get scores(): TargetScores {
    return this.#scores;
  }

  /** See {@link Scorer.reset}. */
  reset(): void {
    this.#owned.memory.reset();
    this.#unread = undefined;
  }

  /** Frees the recording and its memory. */
  [Symbol.dispose](): void {
    for (const owned of Object.values(this.#owned)) owned[Symbol.dispose]();
  }
}
