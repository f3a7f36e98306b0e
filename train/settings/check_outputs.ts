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
 * Checks that a log replaces no other file of the run.
 *
 * @throws {ConfigError} naming the flags and paths
 */
export function checkLogFiles({ workDir, txtlogFile, data, configFile }: TrainConfig): void {
  const inputs = [data, configFile].filter((path) => path !== null).map((path) => resolve(path));
  const path = resolve(workDir, txtlogFile);
  if (OWN_FILES.test(normalize(txtlogFile)) || inputs.includes(path) || path === resolve(workDir)) {
    throw new ConfigError(
      `Cannot log to --txtlog_file ${quoted(txtlogFile)}: the run has another file of this name; ` +
        "give another name",
    );
  }
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
