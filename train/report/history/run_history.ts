/**
 * The course of a run, from the records of its JSON log: series over steps, the best and last
 * results, settings, text and machine. Steps that a restart repeated replace those before.
 *
 * @module
 */
import { Thinned } from "./thinned.ts";

/** Series that a run has at steps. */
export interface StepPoint {
  /** Optimizer steps done. */
  readonly step: number;
  /** Steps that the point stands for. */
  readonly steps: number;
  /** Target tokens trained on since the start. */
  readonly tokens: number;
  /** Time of training and evaluations since the start. */
  readonly elapsedMs: number;
  /** Mean loss in nats per token. */
  readonly lossNats: number;
  /** Mean gradient norm of the updates that were made; NaN if there was none. */
  readonly gradientNorm: number;
  /** Learning rate after the last step. */
  readonly lr: number;
  /** Loss scale after the last step; 1 in full precision. */
  readonly lossScale: number;
  /** Target tokens per second of all processes. */
  readonly tokensPerSecond: number;
}

/** A validation. */
export interface Validation {
  /** Optimizer steps done. */
  readonly step: number;
  /** See {@link StepPoint.tokens}. */
  readonly tokens: number;
  /** See {@link StepPoint.elapsedMs}. */
  readonly elapsedMs: number;
  /** Mean loss in nats per token. */
  readonly lossNats: number;
}

/** Settings or facts, by name. */
export type Facts = Readonly<Record<string, unknown>>;

/** Points that a long series keeps at least. */
const KEPT_POINTS = 600;

/** What a log says of a run so far. */
export class RunHistory {
  /** Settings of the last start; undefined before its record. */
  config: Facts | undefined;
  /** Configuration of the model. */
  model: Facts = {};
  /** Versions, machine and device; empty if they were left out. */
  environment: Facts = {};
  /** Data set, vocabulary and splits. */
  text: Facts = {};
  /** Parameters of the model; undefined in logs that do not say it. */
  parameters: number | undefined;
  /** Starts and restarts. */
  starts = 0;
  /** Whether the last start trained to its end. */
  isFinished = false;
  /** The smallest validation loss. */
  best: Validation | undefined;
  /** Loss of the test in nats per token. */
  testNats: number | undefined;
  /** Mean throughput that the last summary names. */
  tokensPerSecond: number | undefined;
  /** Updates that were skipped because a gradient was not finite. */
  skipped = 0;
  readonly #steps = new Thinned<StepPoint>(KEPT_POINTS, mergePoints);
  readonly #validations = new Thinned<Validation>(KEPT_POINTS, (_, later) => later);
  #startStep = 0;

  /** Series over steps, thinned. */
  get steps(): readonly StepPoint[] {
    return this.#steps.items;
  }

  /** Validations, thinned. */
  get validations(): readonly Validation[] {
    return this.#validations.items;
  }

  /** Optimizer steps done, by the last point. */
  get step(): number {
    return Math.max(this.#startStep, this.#steps.last?.step ?? 0);
  }

  /** Time of training and evaluations. */
  get elapsedMs(): number {
    const { last } = this.#validations;
    return Math.max(this.#steps.last?.elapsedMs ?? 0, last?.elapsedMs ?? 0);
  }

  /** Whether the losses are those of characters. */
  get isOfCharacters(): boolean {
    const { kind } = factsOf(this.text.vocabulary);
    return kind === "char" || kind === "byte";
  }

  /** Adds the next record; those of an unknown kind, or without a step, change nothing. */
  add(record: Facts): void {
    const { kind } = record;
    if (kind === "config") this.#begin(record);
    else if (kind === "environment") this.environment = without(record, "kind");
    else if (kind === "text") this.text = without(record, "kind");
    else if (kind === "log") this.#addSteps(record);
    else if (kind === "eval") this.#addValidation(record);
    else if (kind === "test") this.testNats = numberOf(record.lossNats);
    else if (kind === "end") {
      this.isFinished = true;
      const { tokensPerSecond } = record;
      if (typeof tokensPerSecond === "number") this.tokensPerSecond = tokensPerSecond;
    }
  }

  #begin({ config, model, parameters, step }: Facts): void {
    this.config = factsOf(config);
    this.model = factsOf(model);
    if (typeof parameters === "number") this.parameters = parameters;
    this.starts++;
    this.isFinished = false;
    this.testNats = undefined;
    if (typeof step !== "number") return;
    this.#startStep = step;
    this.#rewind(step);
  }

  /** Drops what was logged after a step that training went on from. */
  #rewind(step: number): void {
    const isLater = (point: { readonly step: number }) => point.step > step;
    this.#steps.dropLastWhile(isLater);
    this.#validations.dropLastWhile(isLater);
    if (this.best !== undefined && isLater(this.best)) {
      this.best = this.validations.reduce<Validation | undefined>(
        (best, next) => best === undefined || next.lossNats < best.lossNats ? next : best,
        undefined,
      );
    }
  }

  #addSteps(record: Facts): void {
    const step = numberOf(record.step);
    if (!Number.isSafeInteger(step)) return;
    this.#rewind(step - 1);
    const metrics = Array.isArray(record.metrics) ? record.metrics.map(factsOf) : [];
    const made = metrics.filter(({ applied }) => applied === true);
    this.skipped += metrics.length - made.length;
    const before = this.#steps.last;
    const first = before?.step ?? Math.min(this.#startStep, step - metrics.length);
    const steps = Math.max(1, step - first);
    const durationMs = numberOf(record.msPerBatch) * steps;
    const tokensPerSecond = numberOf(record.tokensPerSecond);
    this.#steps.add({
      step,
      steps,
      tokens: (before?.tokens ?? 0) + finite(tokensPerSecond * durationMs / 1000),
      elapsedMs: this.elapsedMs + finite(durationMs),
      lossNats: numberOf(record.lossNats),
      gradientNorm: made.reduce((sum, { gradientNorm }) => sum + numberOf(gradientNorm), 0) /
        made.length,
      lr: numberOf(record.lr),
      lossScale: numberOf(metrics.at(-1)?.lossScale ?? 1),
      tokensPerSecond,
    });
  }

  #addValidation(record: Facts): void {
    const [step, lossNats] = [numberOf(record.step), numberOf(record.lossNats)];
    if (!Number.isSafeInteger(step)) return;
    this.#rewind(step);
    this.#validations.dropLastWhile((point) => point.step === step); // repeated after a restart
    const elapsedMs = this.elapsedMs + finite(numberOf(record.elapsedMs));
    const point = { step, tokens: this.#steps.last?.tokens ?? 0, elapsedMs, lossNats };
    this.#validations.add(point);
    if (this.best === undefined || lossNats < this.best.lossNats) this.best = point;
  }
}

/** A record inside a record; empty if there is none. */
export function factsOf(value: unknown): Facts {
  return typeof value === "object" && value !== null ? value as Facts : {};
}

/** A number of the log, where NaN and infinities are strings; NaN for anything else. */
export function numberOf(value: unknown): number {
  return typeof value === "number" || value === "Infinity" || value === "-Infinity"
    ? Number(value)
    : NaN;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function without(record: Facts, key: string): Facts {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

function mergePoints(earlier: StepPoint, later: StepPoint): StepPoint {
  const steps = earlier.steps + later.steps;
  const mean = (value: (point: StepPoint) => number) =>
    (value(earlier) * earlier.steps + value(later) * later.steps) / steps;
  const gradientNorm = Number.isNaN(earlier.gradientNorm)
    ? later.gradientNorm
    : Number.isNaN(later.gradientNorm)
    ? earlier.gradientNorm
    : mean((point) => point.gradientNorm);
  return {
    ...later,
    steps,
    lossNats: mean((point) => point.lossNats),
    gradientNorm,
    tokensPerSecond: mean((point) => point.tokensPerSecond),
  };
}
