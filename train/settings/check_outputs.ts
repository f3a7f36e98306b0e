/**
 * Checks of what a run writes and of the targets it is compared with.
 *
 * @module
 */
import { COMPAT_RULES } from "@transformer-xl/model";
import { ConfigError, quoted } from "@transformer-xl/runtime";
import { normalize, resolve } from "node:path";
import type { TrainConfig } from "../config.ts";

/** Files of the work directory that a log must not replace. */
const OWN_FILES =
  /^(checkpoint_.*|(train|eval)_log(_rank_\d+)?\.jsonl|run\.lock|test_due|cache(\/.*)?)$/;

/**
 * Checks that logs replace no other file of the run, nor each other.
 *
 * @throws {ConfigError} naming the flags and paths
 */
export function checkLogFiles(config: TrainConfig): void {
  const { workDir, txtlogFile, dllogFile, data, configFile } = config;
  const inputs = [workDir, data, configFile].filter((path) => path !== null)
    .map((path) => resolve(path));
  for (
    const [flag, name] of [["--txtlog_file", txtlogFile], ["--dllog_file", dllogFile]] as const
  ) {
    if (!OWN_FILES.test(normalize(name)) && !inputs.includes(resolve(workDir, name))) continue;
    throw new ConfigError(
      `Cannot log to ${flag} ${quoted(name)}: the run has another file of this name; ` +
        "give another name",
    );
  }
  // With all ranks logging, the names of text logs have a rank before the ending.
  const unranked = dllogFile.replace(/_rank_\d+(\.[^./]*)?$/, "$1");
  if (
    [dllogFile, unranked].every((name) => resolve(workDir, name) !== resolve(workDir, txtlogFile))
  ) {
    return;
  }
  throw new ConfigError(
    `Cannot log to --dllog_file ${quoted(dllogFile)}: it is the text log, --txtlog_file ` +
      `${quoted(txtlogFile)}; give them different names`,
  );
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
