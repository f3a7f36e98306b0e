/**
 * The plan of a run on the device of a process.
 *
 * @module
 */
import { clusterShares, type Corpus, datasetOf, type ModelConfig } from "@transformer-xl/model";
import {
  type Device,
  openDevice,
  type ProcessGroup,
  takeGpu,
  useWebGpuFor,
} from "@transformer-xl/runtime";
import type { TrainConfig } from "../config.ts";
import { countParameters, footprint, footprintLines, parameterLines } from "../footprint.ts";
import type { Share } from "../run_plan.ts";
import { fitChunks, type FittedRun, memoryOf } from "../settings/fit_chunks.ts";
import { CPU_CHOSEN } from "../settings/flag_errors.ts";
import { rateWarnings } from "../settings/rate_warnings.ts";
import { configLines, type Configured } from "./configure.ts";
import { publishedModel } from "./published_model.ts";

/** A device, and a line about it. */
export interface OpenedDevice extends Disposable {
  /** The device. */
  readonly device: Device;
  /** Its name and why it was chosen. */
  readonly line: string;
}

/**
 * Opens the device of a process.
 *
 * @throws {DeviceError} when there is none
 */
export async function openTrainingDevice(config: TrainConfig): Promise<OpenedDevice> {
  let line = "";
  await takeGpu(config);
  await useWebGpuFor(config);
  const device = await openDevice(config.device, (sentence) => {
    line = config.device === "cpu" ? `${sentence} (${CPU_CHOSEN})` : sentence;
  }, { halfSums: config.fp16Sums, halves: config.fp16, matrixUnits: config.matrixUnits });
  return { device, line, [Symbol.dispose]: () => device[Symbol.dispose]() };
}

/** The run of one process. */
export interface PlannedProcess {
  /** Its configuration. */
  readonly config: TrainConfig;
  /** Origin of every setting. */
  readonly origin: Configured["origin"];
  /** Its share of the batch. */
  readonly share: Share;
  /** All processes. */
  readonly group: ProcessGroup;
  /** The model whose weights the run started from, if it did. */
  readonly base?: ModelConfig | undefined;
}

/**
 * Records the run on a device that only counts, with the batch chunks that fit where a preset leaves
 * them open.
 *
 * @param corpus the text, whose words weigh the clusters; without it, each counts whole
 * @throws {DeviceError} when one parameter or an attention exceeds the binding limit
 */
export async function planOnDevice(
  { config, origin, share, group }: PlannedProcess,
  device: Device,
  modelConfig: ModelConfig,
  corpus: Pick<Corpus, "train" | "valid"> | undefined,
): Promise<FittedRun> {
  // Of sentences, the held-out ones are in memory.
  const sample = corpus && (corpus.train.length > 0 ? corpus.train : corpus.valid);
  const options = {
    share,
    ...(sample && sample.length > 0 && { shares: clusterShares(modelConfig, sample) }),
  };
  if (config.preset === null || origin.get("batchChunk") !== "default") {
    return { config, planned: await footprint(config, modelConfig, device.limits, options) };
  }
  const memoryBytes = memoryOf(device);
  return await fitChunks(config, modelConfig, device.limits, { ...options, memoryBytes, group });
}

/** Printer of a plan. */
export interface PlanPrinter {
  /** Prints a line about device and settings. */
  readonly note: (line: string) => void;
  /** Prints a line of the plan. */
  readonly result: (line: string) => void;
}

/**
 * Plans a run without its text. A run that the device cannot hold has its parameters printed before
 * the error.
 *
 * @param notes lines about flags and settings
 * @throws {DeviceError} as {@link planOnDevice}
 */
export async function planWithoutText(
  process: PlannedProcess,
  notes: readonly string[],
  { note, result }: PlanPrinter,
): Promise<void> {
  const { config, origin, share, base } = process;
  const modelConfig = publishedModel(config, base)!;
  using opened = await openTrainingDevice(config);
  const { device, line } = opened;
  let planned: FittedRun["planned"] | undefined;
  let chunked = config;
  try {
    ({ config: chunked, planned } = await planOnDevice(process, device, modelConfig, undefined));
  } finally {
    const text = base === undefined ? datasetOf(config) : "the checkpoint";
    const plan = planned === undefined
      ? parameterLines(countParameters(modelConfig, device.limits))
      : footprintLines(planned);
    [line, `world size: ${share.size}`, ...notes].forEach((line) => note(line));
    rateWarnings(config).forEach((line) => result(line));
    configLines(chunked, origin).forEach((line) => note(line));
    note(
      `text : none, planned with the ${modelConfig.nToken} symbols of ${text}` +
        (config.adaptive ? "; each cluster counts whole" : ""),
    );
    if (share.size > 1) note("What follows is for each process");
    plan.forEach((line) => result(line));
  }
}
