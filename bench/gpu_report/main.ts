/**
 * `deno run -A bench/gpu_report/main.ts`: the time of a training step on this machine's adapter, in
 * float32 and, if supported, in half precision. It needs no text.
 *
 * @module
 */
import { REMEDIES } from "@transformer-xl/model";
import {
  type AdapterChoice,
  chooseAdapter,
  GpuDevice,
  isUserError,
  measureSpeeds,
  remedySentence,
  type Speeds,
  withMatrixUnits,
} from "@transformer-xl/runtime";
import { runBenchProgram } from "../harness/bench_program.ts";
import { environmentOf, environmentText } from "../harness/environment.ts";
import { measureStep, type StepReport } from "./measure_step.ts";
import { adapterLines, ratioLine, stepLines } from "./report_lines.ts";
import { type ReportFlags, reportRun, reportSchema } from "./settings.ts";
import { saveResult } from "../harness/results.ts";

if (import.meta.main) {
  await runBenchProgram("bench/gpu_report/main.ts", reportSchema, async (flags) => {
    const reports = await gpuReport(flags, (line) => console.log(line));
    return reports.length > 0 ? 0 : 1;
  });
}

/**
 * Measures, and prints each result as a line. A precision that does not fit is named and left out.
 *
 * @returns what was measured: float32 first
 * @throws {DeviceError} when there is no adapter
 */
export async function gpuReport(
  flags: Omit<ReportFlags, "webgpu">,
  print: (line: string) => void,
): Promise<StepReport[]> {
  const choice = await chooseAdapter(navigator.gpu);
  const peak = await introduce(choice, flags, print);
  const reports: StepReport[] = [];
  const precisions = choice!.features.includes("shader-f16") ? [false, true] : [false];
  for (const fp16 of precisions) {
    // A device of its own: the memory and the errors of one precision never meet the other.
    const adapter = await withMatrixUnits(choice!, fp16 ? flags.matrixUnits : "off");
    using device = await GpuDevice.open({ ...adapter, halfSums: flags.fp16Sums });
    try {
      const report = await measureStep(device, reportRun(flags, fp16), flags.steps);
      for (const line of stepLines(report, peak)) print(line);
      reports.push(report);
      if (!flags.save) continue;
      const name = `gpu report, ${flags.preset}, ${report.name}`;
      const row = { ...report, name, flags, peak };
      saveResult(row, environmentOf(device));
    } catch (error) {
      if (!isUserError(error)) throw error;
      print(`\n${fp16 ? "fp16" : "fp32"}: ${remedySentence(error, REMEDIES)}`);
    }
  }
  if (precisions.length === 1) print("\nfp16: not offered by this adapter (shader-f16)");
  if (reports.length === 2) print(`\n${ratioLine(reports[0]!, reports[1]!)}`);
  return reports;
}

async function introduce(
  choice: AdapterChoice | undefined,
  flags: Omit<ReportFlags, "webgpu">,
  print: (line: string) => void,
): Promise<Speeds> {
  using device = await GpuDevice.open(choice);
  const peak = await measureSpeeds(device.gpu, device, device.info.kind === "software");
  print(environmentText(environmentOf(device)));
  for (const line of adapterLines(device, peak)) print(line);
  const { config: { batchSize, tgtLen, memLen } } = reportRun(flags, false);
  print(`${flags.preset}: batch_size ${batchSize}, tgt_len ${tgtLen}, mem_len ${memLen}`);
  return peak;
}
