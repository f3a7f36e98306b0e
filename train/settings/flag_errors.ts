/**
 * Errors of training about the value of a flag, and lines that name one.
 *
 * @module
 */
import { CheckpointError, ConfigError, DeviceError, formatBytes } from "@transformer-xl/runtime";

/** Ends the line about an interruption. */
export const HOW_TO_CONTINUE = "continue with --restart";

/** Ends the line about an interrupted test. */
export const HOW_TO_TEST_AGAIN = "repeat it with --restart";

/** Ends the line about the CPU as device. */
export const CPU_CHOSEN = "--device cpu";

/** Ends the line about a text without spaces. */
export const CHARACTERS_INSTEAD = "--vocab char takes characters instead";

/** The line about a profile that cannot be taken. */
export function noProfile(adapter: string): string {
  return `--profile: ${adapter} has no timestamp queries, so no profile is taken`;
}

/** The error for a work directory without a name. */
export function emptyWorkDir(): ConfigError {
  return new ConfigError('Cannot use --work_dir "": it is empty');
}

/** The error for a work directory that cannot be written to. */
export function unusableWorkDir(workDir: string, reason: string, cause: Error): ConfigError {
  return new ConfigError(`Cannot write to --work_dir "${workDir}": ${reason}; give another`, {
    cause,
  });
}

/** The error for a checkpoint without a step left to train. */
export function noStepsLeft(path: string, step: number, maxStep: number): CheckpointError {
  return new CheckpointError(
    `Cannot continue from "${path}": it is at step ${step} and --max_step is ${maxStep}; ` +
      "raise --max_step",
  );
}

/** The error for weights with a row or matrix above what the device binds. */
export function tooWide(
  { dModel, dInner }: { readonly dModel: number; readonly dInner: number },
  cause: DeviceError,
  bindingBytes: number,
): DeviceError {
  return new DeviceError(
    cause.reason,
    `Cannot train with --d_model ${dModel} and --d_inner ${dInner}: a row or matrix of weights ` +
      `is larger than the ${formatBytes(bindingBytes)} that the device binds at once; ` +
      "lower --d_model or --d_inner",
    { cause },
  );
}

/** The error for an evaluation whose attention is larger than what the device binds. */
export function evaluationTooLarge(
  { batchSize, tgtLen }: { readonly batchSize: number; readonly tgtLen: number },
  cause: DeviceError,
): DeviceError {
  const [obstacle] = cause.message.split("; ");
  return new DeviceError(
    cause.reason,
    `Cannot evaluate ${batchSize} columns of --eval_tgt_len ${tgtLen} in one process: ` +
      `${
        obstacle!.replace(/^Cannot attend/, "to attend")
      }; lower --eval_batch_size or give more --gpus`,
    { cause },
  );
}
