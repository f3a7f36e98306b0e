/**
 * A model of one training step on a GPU: `deno run -A bench/step_model/main.ts [flags]`. Launches,
 * bytes and operations come from a recording; milliseconds are predicted from assumed rates. It
 * needs no GPU.
 *
 * @module
 */
import type { DeviceLimits } from "@transformer-xl/runtime";
import { reportRun } from "../gpu_report/settings.ts";
import { runBenchProgram } from "../harness/bench_program.ts";
import { dryStep } from "./executed_launches.ts";
import { executedLaunches, groupedLaunches, type GroupWork, sumOf } from "./model_step.ts";
import { NVIDIA_UNITS, type StepModelFlags, stepModelSchema } from "./settings.ts";

const DESCRIPTION =
  "Counts the launches, bytes and operations of a training step and predicts its " +
  "time on a GPU from assumed rates.";

if (import.meta.main) {
  await runBenchProgram("bench/step_model/main.ts", stepModelSchema, async (flags) => {
    for (const line of await stepModelLines(flags)) console.log(line);
    return 0;
  }, { description: DESCRIPTION });
}

/** The table of a configuration, with what it assumes. */
export async function stepModelLines(flags: StepModelFlags): Promise<string[]> {
  const run = reportRun({ ...flags, steps: 2 }, flags.fp16);
  const { attnForm, preLnorm } = flags;
  const modelConfig = { ...run.modelConfig, preLnorm };
  const config = { ...run.config, attnForm, preLnorm };
  const step = await dryStep({ config, modelConfig }, limitsOf(flags));
  const launches = executedLaunches(step, flags);
  const total = sumOf("total", launches, flags);
  const stepMs = total.elapsedMs + total.gapMs;
  const { batchSize, tgtLen, memLen } = run.config;
  const megabytes = [...step.bytes].filter(([, bytes]) => bytes >= 2 ** 20)
    .map(([role, bytes]) => `${role} ${(bytes / 2 ** 20).toFixed(0)}`);
  return [
    `${flags.preset}, ${flags.fp16 ? "fp16" : "fp32"}, batch_size ${batchSize}, ` +
    `tgt_len ${tgtLen}, mem_len ${memLen}${preLnorm ? ", pre_lnorm" : ""}, ` +
    `tiles of ${flags.adapterClass}`,
    `memory in MiB: ${megabytes.join(", ")}`,
    ...assumptionLines(flags),
    "",
    line("group", "launches", "GFLOP", "GB", "ms", "gaps ms"),
    ...[...groupedLaunches(launches, flags), total].map(groupLine),
    `predicted: ${stepMs.toFixed(1)} ms, ${(1000 * step.tokens / stepMs).toFixed(0)} tokens/s`,
    ...(flags.list ? ["", ...launches.map(launchLine)] : []),
  ];
}

function assumptionLines(rates: StepModelFlags): string[] {
  const { cores, peakTflops, productShare, warpShare, packedGain, integerTops, gapUs } = rates;
  return [
    `assumed: products ${productShare} of ${peakTflops} TFLOP/s, in tiles of warps ${warpShare} ` +
    `(packed sums ${packedGain} times), in whole rounds of ${cores} cores`,
    ...(rates.matrixUnits ? [`assumed: matrix units ${rates.matrixTflops} TFLOP/s`] : []),
    `assumed: attention without arrays of scores ${rates.fusedShare} of the peak, ` +
    `${integerTops} integer TOP/s`,
    `assumed: memory ${rates.memoryTbS} TB/s (below 30 MB ${rates.cacheTbS}), of which ` +
    `${rates.wideShare}, with loads of halves ${rates.narrowShare}`,
    `assumed: ${rates.turnUs} us for a load that waits for another, ${gapUs} us between launches`,
  ];
}

/** Largest binding and buffer of large GPUs. */
function limitsOf(
  { adapterClass, fp16Sums, matrixUnits }: Pick<
    StepModelFlags,
    "adapterClass" | "fp16Sums" | "matrixUnits"
  >,
): DeviceLimits {
  return {
    adapterClass,
    halfSums: fp16Sums,
    ...(matrixUnits && { matrixUnits: NVIDIA_UNITS }),
    subgroups: true,
    maxBindingBytes: 2 ** 31 - 256,
    maxBufferBytes: 2 ** 34,
    maxWorkgroups: 65_535,
  };
}

function groupLine({ name, launches, flops, bytes, elapsedMs, gapMs }: GroupWork): string {
  return line(
    name,
    String(launches),
    flops > 0 ? (flops / 1e9).toFixed(0) : "",
    (bytes / 1e9).toFixed(1),
    elapsedMs.toFixed(1),
    gapMs.toFixed(1),
  );
}

function line(name: string, ...cells: readonly string[]): string {
  return name.padEnd(32) + cells.map((cell) => cell.padStart(10)).join("");
}

function launchLine(
  { label, workgroups, bytes, elapsedMs }: ReturnType<typeof executedLaunches>[number],
): string {
  return `${(1000 * elapsedMs).toFixed(1).padStart(8)} us ${
    (bytes / 1e6).toFixed(1).padStart(8)
  } ` +
    `MB ${String(workgroups).padStart(7)} workgroups  ${label}`;
}
