/**
 * Checks of rules between the settings of a training configuration.
 *
 * @module
 */
import { LARGEST_SCALE } from "@transformer-xl/kernels";
import { canShare, checkDeviceSettings, COMPAT_RULES, maxDistanceOf } from "@transformer-xl/model";
import { checkVerbosity, ConfigError } from "@transformer-xl/runtime";
import type { TrainConfig } from "../config.ts";
import {
  contextOf,
  evalWarmupLen,
  longestSegment,
  readsSentences,
  withProcesses,
} from "../run_plan.ts";
import { checkExtension } from "./check_initial.ts";
import { checkLogFiles, checkTargets, checkWritten } from "./check_outputs.ts";

/**
 * Checks rules between settings.
 *
 * @throws {ConfigError} naming the flags and values
 */
export function checkTrainConfig(config: TrainConfig): void {
  const { batchChunk, evalTgtLen, evalMaxSteps, nLayer } = config;
  checkDeviceSettings(config);
  checkVerbosity(config);
  checkExtension(config);
  checkVocabulary(config);
  checkLossScale(config);
  checkSampling(config);
  checkSentences(config);
  const [flag, batchSize] = batchFlag(config);
  if (batchSize % batchChunk !== 0) {
    throw new ConfigError(
      `Cannot cut ${flag} ${batchSize} into --batch_chunk ${batchChunk} equal chunks: ` +
        "it is not divisible; change one of them",
    );
  }
  if (nLayer * batchChunk > MAX_RECORDED_LAYERS) {
    throw new ConfigError(
      `Cannot record --n_layer ${nLayer} for each of --batch_chunk ${batchChunk} chunks: at most ` +
        `${MAX_RECORDED_LAYERS} layers are recorded in all; lower one of them`,
    );
  }
  checkTokens(config);
  maxDistanceOf(config, config.memLen);
  checkLearnedPositions(config);
  checkLogFiles(config);
  checkTargets(config);
  checkWritten(config);
  if (config.noEval) return; // it skips the test as well
  const context = contextOf(config);
  if (evalTgtLen > context) {
    throw new ConfigError(
      `Cannot evaluate with --eval_tgt_len ${evalTgtLen}: it exceeds the context of training, ${context}; ` +
        "lower it",
    );
  }
  const warmup = Math.ceil(evalWarmupLen(config) / evalTgtLen);
  if (evalMaxSteps > 0 && evalMaxSteps <= warmup) {
    throw new ConfigError(
      `Cannot score only --eval_max_steps ${evalMaxSteps} segments: the first ${warmup} fill the ` +
        "memory and are not scored; raise it or lower --mem_len",
    );
  }
}

/** The flag that sets the columns of a step, and its value. */
function batchFlag(
  { batchSize, localBatchSize }: TrainConfig,
): readonly [flag: string, columns: number] {
  return localBatchSize === null
    ? ["--batch_size", batchSize]
    : ["--local_batch_size", localBatchSize];
}

/** Rejects two ways at once of saving the softmax of rare words. */
function checkSampling({ sampleSoftmax, adaptive }: TrainConfig): void {
  if (sampleSoftmax <= 0 || !adaptive) return;
  throw new ConfigError(
    `Cannot use --sample_softmax ${sampleSoftmax} with --adaptive: its clusters already save the ` +
      "work of rare words; leave one of them out",
  );
}

/** Rejects settings of a text in order for sentences in random order. */
function checkSentences(config: TrainConfig): void {
  const given = (["roll", "varlen"] as const).find((flag) => config[flag]);
  if (given === undefined || !readsSentences(config)) return;
  throw new ConfigError(
    `Cannot use --${given} with --dataset ${config.dataset}: its sentences are in random order ` +
      "already; leave it out",
  );
}

/** Rejects segments with more positions than the reference's tables of `--attn_type 3` have. */
function checkLearnedPositions({ attnType, compat, varlen }: TrainConfig): void {
  if (attnType !== 3 || !varlen || COMPAT_RULES[compat].extendsTables) return;
  throw new ConfigError(
    `Cannot use --varlen with --attn_type 3 and --compat ${compat}: segments exceed the table of ` +
      "positions; use --compat none or leave --varlen out",
  );
}

function checkVocabulary({ vocab, tokenizer, initFrom }: TrainConfig): void {
  if (tokenizer === null) return;
  if (initFrom !== null) {
    throw new ConfigError(
      `Cannot use --tokenizer with --init_from "${initFrom}": its symbols stay as they are; leave ` +
        "--tokenizer out",
    );
  }
  if (vocab === "auto") return;
  throw new ConfigError(
    `Cannot use --tokenizer with --vocab ${vocab}: it has its own symbols; leave one of them out`,
  );
}

/** Maximum number of recorded layers, over all batch chunks; more would take minutes. */
const MAX_RECORDED_LAYERS = 2048;

/** Maximum number of tokens of a batch with memory and context; no device fits more. */
const MAX_TOKENS = 2 ** 28;

/** Rejects batches that no device can hold, before anything is counted. */
function checkTokens(config: TrainConfig): void {
  const { evalBatchSize, tgtLen, extLen, memLen, noEval } = config;
  const rows = longestSegment(config) + extLen + memLen;
  const batch = batchFlag(config);
  const [flag, columns] = noEval || batch[1] >= evalBatchSize
    ? batch
    : ["--eval_batch_size", evalBatchSize];
  if (rows * columns <= MAX_TOKENS) return;
  throw new ConfigError(
    `Cannot plan ${rows} rows (--tgt_len ${tgtLen}, --ext_len ${extLen}, --mem_len ${memLen}` +
      `${config.varlen ? ", --varlen" : ""}) of ` +
      `${flag} ${columns} columns: ${
        rows * columns
      } tokens, at most ${MAX_TOKENS}; lower one of them`,
  );
}

/** With a smaller loss scale, gradients underflow in float16. */
const SMALLEST_SCALE = 2 ** -10;

function checkLossScale({ fp16, lossScale, staticLossScale }: TrainConfig): void {
  const given = lossScale ?? staticLossScale;
  if (given !== null && given !== 1 && !fp16) {
    throw new ConfigError(
      `Cannot use --loss_scale ${given} in full precision: add --fp16, or leave it out`,
    );
  }
  if (given !== null && (given < SMALLEST_SCALE || given > LARGEST_SCALE)) {
    throw new ConfigError(
      `Cannot use --loss_scale ${given}: gradients ${
        given < SMALLEST_SCALE ? "vanish" : "overflow"
      } in float16, it must lie between ${SMALLEST_SCALE} and ${LARGEST_SCALE}; leave it out for a ` +
        "scale that follows the gradients",
    );
  }
  if (lossScale !== null && staticLossScale !== null && lossScale !== staticLossScale) {
    throw new ConfigError(
      `Cannot use --loss_scale ${lossScale} and --static_loss_scale ${staticLossScale} at once: ` +
        "they are one setting; leave one of them out",
    );
  }
}

/**
 * Checks that a number of processes can share the batch.
 *
 * @throws {ConfigError} naming the flags and values
 */
export function checkShares(config: TrainConfig, processes: number): void {
  const { batchSize, batchChunk, evalBatchSize, noEval } = withProcesses(config, processes);
  if (batchSize % (processes * batchChunk) !== 0) {
    throw new ConfigError(
      `Cannot share --batch_size ${batchSize} among ${processes} processes in --batch_chunk ` +
        `${batchChunk} equal chunks: it is not divisible by ${
          processes * batchChunk
        }; change one of them`,
    );
  }
  if (!noEval && !canShare(evalBatchSize, processes)) {
    throw new ConfigError(
      `Cannot share --eval_batch_size ${evalBatchSize} among ${processes} processes: the last one ` +
        `would have no column; use a multiple of ${processes}`,
    );
  }
}
