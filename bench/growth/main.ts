/**
 * `deno run -A bench/growth/main.ts`: tokens per second and memory of a training step while one size
 * doubles, against the operations and bytes that its recording counts.
 *
 * @module
 */
import {
  ConfigError,
  type Device,
  GpuDevice,
  measureSpeeds,
  openDevice,
  type Speeds,
} from "@transformer-xl/runtime";
import { runBenchProgram } from "../harness/bench_program.ts";
import { digits } from "../harness/results.ts";
import { type AxisName, growthCells } from "./axes.ts";
import { GrownStep } from "./grown_step.ts";
import { type MeasuredCell, sampleInTurns } from "./measured_cells.ts";
import { processLines } from "./processes.ts";
import { LARGE_MODELS, recordingLine } from "./recording.ts";
import { type GrowthFlags, growthSchema } from "./settings.ts";
import { growthLines } from "./table.ts";

/** Steps of a sample of several processes. */
const PROCESS_STEPS = 20;

/** Assumed rates of a device without shaders: what counts is their relation. */
const ASSUMED: Speeds = { flopsPerSecond: 1e11, copyBytesPerSecond: 1e10 };

if (import.meta.main) {
  await runBenchProgram("bench/growth/main.ts", growthSchema, async (flags) => {
    await measureGrowth(flags, console.log);
    return 0;
  });
}

/**
 * Measures the growth of every axis and prints the tables.
 *
 * @throws {ConfigError} when the columns of the batch cannot be cut into the chunks, before any is
 * measured
 */
export async function measureGrowth(
  flags: GrowthFlags,
  print: (line: string) => void,
): Promise<void> {
  const { axes, recording } = flags;
  checkChunks(flags);
  const { limits, info, speeds } = await examined(flags, print);
  for (const axis of axes) {
    const lines = axis === "processes"
      ? await processLines({ ...flags, kind: info.kind, steps: PROCESS_STEPS })
      : growthLines(axis, await measureAxis(axis, flags), speeds);
    for (const line of ["", ...lines]) print(line);
  }
  if (recording) {
    print("");
    for (const model of LARGE_MODELS) print(await recordingLine(model, limits));
  }
  print(`load average ${Deno.loadavg()[0]!.toFixed(1)} at the end`);
}

function checkChunks({ axes, doublings, batchSize }: GrowthFlags): void {
  const chunks = 2 ** doublings;
  if (!axes.includes("chunks") || batchSize % chunks === 0) return;
  throw new ConfigError(
    `Cannot cut --batch_size ${batchSize} into ${chunks} equal chunks: give a multiple of ${chunks}, ` +
      "fewer --doublings, or --axes without chunks",
  );
}

/** Limits, properties and speeds of the device, after a line about them. */
async function examined(
  { device: choice }: Pick<GrowthFlags, "device">,
  print: (line: string) => void,
): Promise<Pick<Device, "limits" | "info"> & { readonly speeds: Speeds }> {
  using device = await openDevice(choice, () => {});
  const isGpu = device instanceof GpuDevice;
  const speeds = isGpu
    ? await measureSpeeds(device.gpu, device, device.info.kind === "software")
    : ASSUMED;
  const { flopsPerSecond, copyBytesPerSecond } = speeds;
  print(
    `${device.info.adapter}: ${digits(flopsPerSecond / 1e9)} GFLOP/s of multiply-adds, ` +
      `${digits(copyBytesPerSecond / 1e9)} GB/s of copies, ${isGpu ? "measured" : "assumed"}`,
  );
  return { limits: device.limits, info: device.info, speeds };
}

async function measureAxis(axis: AxisName, flags: GrowthFlags): Promise<MeasuredCell[]> {
  const { vocabSize, nLayer, dModel, batchSize, tgtLen, memLen, doublings } = flags;
  const first = { vocabSize, nLayer, dModel, batchSize, tgtLen, memLen, batchChunk: 1 };
  await using stack = new AsyncDisposableStack();
  const cells = [];
  for (const { value, sizes } of growthCells(axis, first, doublings)) {
    const step = stack.use(await GrownStep.record(sizes, () => openDevice(flags.device, () => {})));
    cells.push({ value, step, tokens: sizes.batchSize * sizes.tgtLen });
  }
  const samples = await sampleInTurns(cells.map(({ step }) => step), flags);
  return cells.map(({ value, step, tokens }, n) => {
    const { cost, launches, deviceBytes } = step;
    return { value, ms: samples[n]!, tokens, cost, launches, deviceBytes };
  });
}
