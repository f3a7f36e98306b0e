/**
 * The check of one case on one device.
 *
 * @module
 */
import type { Device } from "@transformer-xl/runtime";
import { checkAccumulation } from "./checks/check_accumulation.ts";
import { checkEvaluation } from "./checks/check_evaluation.ts";
import { checkForward, type SegmentOptions } from "./checks/check_forward.ts";
import { checkSchedule, checkStatistics } from "./checks/check_numbers.ts";
import { checkClip, checkOptimizer } from "./checks/check_optimizer.ts";
import { checkIterator, checkVocabulary } from "./checks/check_text.ts";
import { checkTrajectory, type TrajectoryOptions } from "./checks/check_trajectory.ts";
import { Findings } from "./findings.ts";
import { type GoldenCase, UnsupportedCase } from "./golden_case.ts";

/** True for cases that run on a device; the others are checked once. */
export function needsDevice({ record }: GoldenCase): boolean {
  return !["schedule", "iterator", "vocabulary", "statistics"].includes(record.kind);
}

/**
 * Checks a case. `device` may be absent where {@link needsDevice} is false.
 *
 * @throws {UnsupportedCase} when the case asks for something the product does not do
 * @throws {DataError} when the folder contradicts itself
 */
export async function checkCase(
  golden: GoldenCase,
  device: Device | undefined,
  options: TrajectoryOptions & SegmentOptions = {},
): Promise<Findings> {
  const findings = new Findings();
  const { record } = golden;
  if (record.semantics !== "HEAD" && !needsDevice(golden)) {
    throw new UnsupportedCase(
      `semantics "${record.semantics}" of kind "${record.kind}" is not supported, only "HEAD" is`,
    );
  }
  const opened = (): Device => {
    if (device !== undefined) return device;
    throw new TypeError(`Cannot check kind "${record.kind}": it needs a device`);
  };
  if (options.fp16 && record.kind !== "trajectory") {
    throw new UnsupportedCase(`kind "${record.kind}" is not compared in half precision`);
  }
  switch (record.kind) {
    case "forward":
    case "dropout":
      await checkForward(opened(), golden, record, findings, options);
      break;
    case "accumulation":
      await checkAccumulation(opened(), golden, record, findings);
      break;
    case "clip":
      await checkClip(opened(), golden, record, findings);
      break;
    case "optimizer":
      await checkOptimizer(opened(), golden, record, findings);
      break;
    case "evaluation":
      await checkEvaluation(opened(), golden, record, findings);
      break;
    case "trajectory":
      await checkTrajectory(opened(), golden, record, findings, options);
      break;
    case "schedule":
      checkSchedule(record, findings);
      break;
    case "statistics":
      checkStatistics(record, findings);
      break;
    case "iterator":
      checkIterator(record, findings);
      break;
    case "vocabulary":
      checkVocabulary(record, findings);
      break;
  }
  return findings;
}
