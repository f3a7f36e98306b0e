/**
 * Kinds `forward` and `dropout`: segments in order with memory, losses per token, gradients of the
 * mean nll.
 *
 * @module
 */
import { PlanScorer } from "@transformer-xl/eval";
import { cacheOf, type Lengths, Memory, type Segment } from "@transformer-xl/model";
import { DataError, type Device, sizeOf } from "@transformer-xl/runtime";
import type { RecordOf } from "../case_schema.ts";
import { maskShapes, readMasks } from "../dropout_masks.ts";
import type { Findings } from "../findings.ts";
import type { Floats, GoldenCase } from "../golden_case.ts";
import {
  buildModel,
  clearGradients,
  type GoldenModel,
  lengthsOf,
  meanOf,
  normOf,
  readByName,
} from "../golden_model.ts";
import { filledMemory, SegmentPlan } from "../segment_plan.ts";
import { limitFor, type Tolerances, tolerancesOf } from "../tolerances.ts";

/** Which segments are compared. */
export interface SegmentOptions {
  /** Number of segments from the start; default: all. */
  readonly maxSegments?: number | undefined;
}

/** Checks a case on a device. */
export async function checkForward(
  device: Device,
  golden: GoldenCase,
  record: RecordOf<"forward">,
  findings: Findings,
  { maxSegments = Infinity }: SegmentOptions = {},
): Promise<void> {
  const { config } = record;
  const count = Math.min(segmentCount(golden, record), maxSegments);
  const lengths = lengthsOf(config, golden.shape("s0/in/data")[1] ?? 0);
  const limits = tolerancesOf(device, record);
  using network = await buildModel(device, golden, record);
  using memory = new Memory(device, network.model, lengths, "memory");
  const shapes = maskShapes(network.model.config, lengths);
  const maskSizes = new Map([...shapes].map(([site, shape]) => [site, sizeOf(shape)] as const));
  using plans = new DisposableStack();
  const recorded = new Map<string, SegmentPlan>();
  const scored: [Segment, Floats][] = [];

  for (let s = 0; s < count; s++) {
    const segment = await readSegment(golden, s, lengths, config.n_token);
    const differentiate = golden.under(`s${s}/grad`).length > 0;
    const intermediates = golden.under(`s${s}/act/`).length > 0;
    const key = `${differentiate} ${intermediates}`;
    const plan = recorded.get(key) ??
      plans.use(
        await SegmentPlan.record(network, lengths, memory, {
          differentiate,
          intermediates,
          maskSizes,
        }),
      );
    recorded.set(key, plan);

    const { validRows } = memory;
    const place = { rows: segment.rows, validRows, memLen: lengths.memLen };
    const masks = await readMasks(golden, s, shapes, place);
    clearGradients(network);
    const nll = await plan.run(segment, { masks });
    const wanted = await golden.floats(`s${s}/out/nll`);
    findings.compare("nll", `s${s}`, nll, wanted, limitFor(limits.nll, wanted));
    if (maskSizes.size === 0) scored.push([segment, wanted]);
    const loss = await golden.floats(`s${s}/out/loss`);
    findings.compareNumber("loss", `s${s}`, meanOf(nll), loss[0]!, limitFor(limits.loss, loss));
    if (golden.has(`s${s}/out/new_mems`)) {
      const mems = await golden.floats(`s${s}/out/new_mems`);
      const got = await filledMemory(memory);
      findings.compare("memory", `s${s}`, got, mems, limitFor(limits.memory, mems));
    }
    for (const name of golden.under(`s${s}/act/`)) {
      await compareActivation(golden, s, name, plan, findings, limits);
    }
    if (differentiate) await compareGradients(golden, `s${s}`, network, findings, limits);
  }
  await compareKeptKeys(network, lengths, scored, findings, limits);
}

/** Losses of segments from a scorer that keeps keys of memory rows. */
async function compareKeptKeys(
  { model }: GoldenModel,
  lengths: Lengths,
  scored: readonly (readonly [Segment, Floats])[],
  findings: Findings,
  limits: Tolerances,
): Promise<void> {
  if (scored.length === 0 || cacheOf(model.config, lengths) !== "keys") return;
  using scorer = await PlanScorer.open(model, lengths, { cache: "keys" });
  for (const [s, [segment, wanted]] of scored.entries()) {
    scorer.run(segment);
    const nll = (await scorer.tokenLosses()).subarray(0, wanted.length);
    findings.compare("nll", `s${s} kept keys`, nll, wanted, limitFor(limits.nll, wanted));
  }
}

/** Segments that are stored; `segments` of case.json must agree. */
function segmentCount(golden: GoldenCase, { segments }: RecordOf<"forward">): number {
  let count = 0;
  while (golden.has(`s${count}/in/data`)) count++;
  if (count === 0) {
    throw new DataError(`Cannot check "${golden.folder}": tensor "s0/in/data" is missing`);
  }
  if (segments !== undefined && segments.length !== count) {
    throw new DataError(
      `Cannot check "${golden.folder}": case.json tells of ${segments.length} segments, ` +
        `${count} are stored`,
    );
  }
  return count;
}

async function readSegment(
  golden: GoldenCase,
  s: number,
  { batchSize, tgtLen, extLen }: Lengths,
  vocabularySize: number,
): Promise<Segment> {
  const [rows = 0, columns = 0] = golden.shape(`s${s}/in/data`);
  const [targetRows = 0, targetColumns = 0] = golden.shape(`s${s}/in/target`);
  const fits = columns === batchSize && targetColumns === batchSize && targetRows >= 1 &&
    targetRows <= tgtLen && rows >= targetRows && rows <= targetRows + extLen;
  if (!fits) {
    throw new DataError(
      `Cannot run segment ${s} of "${golden.folder}": data is [${rows}, ${columns}] and target ` +
        `[${targetRows}, ${targetColumns}] with tgt_len ${tgtLen}, ext_len ${extLen} and ` +
        `${batchSize} columns`,
    );
  }
  return {
    inputs: await golden.integers(`s${s}/in/data`, vocabularySize),
    targets: await golden.integers(`s${s}/in/target`, vocabularySize),
    rows,
    targetRows,
    columns,
    start: 0,
    scored: true,
  };
}

/** A value inside the network; rows of unfilled memory stand in front of it, padding behind it. */
async function compareActivation(
  golden: GoldenCase,
  s: number,
  name: string,
  { plan }: SegmentPlan,
  findings: Findings,
  limits: Tolerances,
): Promise<void> {
  const want = await golden.floats(`s${s}/act/${name}`);
  if (!plan.intermediates.includes(name)) {
    throw new DataError(
      `Cannot check "s${s}/act/${name}" of "${golden.folder}": the network keeps ` +
        plan.intermediates.map((name) => `"${name}"`).join(", "),
    );
  }
  const got = (await plan.read(name))[name]!;
  const isTable = name === "pos_emb";
  const rows = isTable ? got.subarray(got.length - want.length) : got.subarray(0, want.length);
  const limit = isTable ? limits.positions : limits.activation;
  findings.compare(isTable ? "positions" : "activation", `s${s} ${name}`, rows, want, limit);
}

/**
 * Gradients under `prefix`: whole tensors (`grad/`) or their norms (`gradnorm/`). A parameter
 * without either had no gradient in the reference, so it must be zero here.
 */
export async function compareGradients(
  golden: GoldenCase,
  prefix: string,
  network: GoldenModel,
  findings: Findings,
  limits: Tolerances,
): Promise<void> {
  const gradients = await readByName(network, "gradients");
  for (const name of [...golden.under(`${prefix}/grad/`), ...golden.under(`${prefix}/gradnorm/`)]) {
    if (gradients.has(name)) continue;
    throw new DataError(
      `Cannot check the gradient of "${name}" of "${golden.folder}": ` +
        "the network has no such parameter",
    );
  }
  for (const [name, got] of gradients) {
    if (golden.has(`${prefix}/grad/${name}`)) {
      const want = await golden.floats(`${prefix}/grad/${name}`);
      findings.compare("gradient", `${prefix} ${name}`, got, want, limitFor(limits.gradient, want));
    } else if (golden.has(`${prefix}/gradnorm/${name}`)) {
      const want = await golden.floats(`${prefix}/gradnorm/${name}`);
      const where = `${prefix} ${name}`;
      findings.compareNumber("gradient norm", where, normOf([got]), want[0]!, limits.gradient);
    } else {
      const none = new Float64Array(got.length);
      findings.compare("gradient", `${prefix} ${name}`, got, none, limits.gradient);
    }
  }
  if (!golden.has(`${prefix}/grad_norm`)) return;
  const total = await golden.floats(`${prefix}/grad_norm`);
  const norm = normOf(gradients.values());
  findings.compareNumber("gradient norm", `${prefix} total`, norm, total[0]!, limits.gradient);
}
