/**
 * Checks of what a run writes and of the targets it is compared with.
 *
 * @module
 */
import { checkDllogName, checkLogName } from "@transformer-xl/eval";
import { COMPAT_RULES } from "@transformer-xl/model";
import { ConfigError } from "@transformer-xl/runtime";
import type { TrainConfig } from "../config.ts";

/**
 * Checks that logs replace no other file of the run, nor each other.
 *
 * @throws {ConfigError} naming the flags and paths
 */
export function checkLogFiles(config: TrainConfig): void {
  const { workDir, txtlogFile, dllogFile, data, configFile } = config;
  const place = { folder: workDir, inputs: [data, configFile] };
  checkLogName("--txtlog_file", txtlogFile, place);
  checkLogName("--dllog_file", dllogFile, place);
  checkDllogName(dllogFile, { flag: "--txtlog_file", name: txtlogFile }, workDir);
}

/**
 * Checks that the run measures what its targets ask for.
 *
 * @throws {ConfigError} naming the flags and values
 */
export function checkTargets(config: TrainConfig): void {
  const { targetPerplexity, targetThroughput, noEval, evalInterval, logInterval, maxStep } = config;
  const isEvaluated = evalInterval <= maxStep || COMPAT_RULES[config.compat].evaluatesLastStep;
  if (targetPerplexity !== null && (noEval || !isEvaluated)) {
    const why = noEval
      ? "--no_eval skips validation; leave one of them out"
      : `--eval_interval ${evalInterval} is more than --max_step ${maxStep}; lower it`;
    throw new ConfigError(`Cannot compare --target_perplexity ${targetPerplexity}: ${why}`);
  }
  if (targetThroughput !== null && logInterval > maxStep) {
    throw new ConfigError(
      `Cannot compare --target_throughput ${targetThroughput}: it is measured between log lines, ` +
        `and --log_interval ${logInterval} is more than --max_step ${maxStep}; lower it`,
    );
  }
}

/**
 * Checks that a profile and event files can be written.
 *
 * @throws {ConfigError} naming the flags
 */
export function checkWritten({ profile, tensorboard, debug }: TrainConfig): void {
  const files = profile
    ? ["a profile", "--profile"] as const
    : tensorboard
    ? ["event files", "--tensorboard"] as const
    : undefined;
  if (files === undefined || !debug) return;
  const [what, flag] = files;
  throw new ConfigError(
    `Cannot write ${what} with ${flag} and --debug: no files are written; leave one of them out`,
  );
}
