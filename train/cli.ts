/**
 * `deno task train`: the composition root of training.
 *
 * @module
 */
import {
  type ModelCheckpoint,
  modelFacts,
  openShared,
  openText,
  precisionFor,
  REMEDIES,
  sharedSettings,
  startFacts,
} from "@transformer-xl/model";
import {
  assertSameFacts,
  ConfigError,
  decideOnFirst,
  exists,
  firstThenOthers,
  flagHelp,
  inProcesses,
  NO_TERMINAL,
  ProgressLine,
  rankEnvironment,
  runMain,
  SoloGroup,
  wantsHelp,
  withRemedies,
} from "@transformer-xl/runtime";
import { trainingRecord } from "./checkpoint/training_checkpoint.ts";
import { CheckpointFiles } from "./checkpoint/checkpoint_files.ts";
import { type TrainConfig, trainSchema } from "./config.ts";
import { modelOf, type Share, withProcesses } from "./run_plan.ts";
import { checkShares, checkTrainConfig } from "./settings/check_config.ts";
import { checkFits, footprintLines } from "./footprint.ts";
import {
  configLines,
  configureTraining,
  readGiven,
  trainingYaml,
} from "./configuration/configure.ts";
import {
  openTrainingDevice,
  planOnDevice,
  planWithoutText,
} from "./configuration/plan_on_device.ts";
import { cutoffsOf, isPlannedWithoutText } from "./configuration/published_model.ts";
import { fitEvaluation } from "./settings/follow_defaults.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { settingWarnings } from "./settings/setting_warnings.ts";
import { openTextLog, writesFiles } from "./report/logs.ts";
import { type Start, trainRank } from "./command_line/train_rank.ts";
import { checkContinues } from "./checkpoint/resume.ts";
import { openInitial } from "./fine_tuning/initial_checkpoint.ts";
import { initialSymbols } from "./fine_tuning/initial_settings.ts";
import { cutStreams, neededSplits } from "./segments/streams.ts";
import { StartUp } from "./telemetry/start_up.ts";
import { unscoredLines } from "./settings/unscored_lines.ts";
import { checkSameText, logText, textFacts, textOfCheckpoint } from "./checkpoint/training_text.ts";
import { baseFolder, folderToResume, withRunFolder } from "./checkpoint/run_folder.ts";
import {
  checkWorkDirectory,
  isFolderOf,
  openRestart,
  restartLine,
  WorkDirectory,
} from "./checkpoint/work_directory.ts";

if (import.meta.main) await runMain(() => train(Deno.args));

/**
 * Trains with the given flags.
 *
 * @returns exit code: 0, 1 when a target was missed, or 128 + signal when a signal ended the run
 * @throws user errors, see {@link runMain}
 */
export async function train(argv: readonly string[]): Promise<number> {
  return await withRemedies(REMEDIES, () => trainWith(argv));
}

async function trainWith(argv: readonly string[]): Promise<number> {
  const startUp = new StartUp();
  if (wantsHelp(argv)) {
    console.log(flagHelp(trainSchema, { usage: "deno task train [flags]" }));
    return 0;
  }
  const given = await readGiven(argv);
  const { config: early } = configureTraining(given, undefined);
  const base = baseFolder(early);
  const open = async () =>
    given.initFrom !== null ? await openInitial(given.initFrom) : await openRestart(
      given.restart,
      given.restart === true ? await folderToResume(early) : base,
    );
  // Rank 0 tells the other ranks what to resume once they are connected.
  const { launchedBy, rank } = rankEnvironment();
  const isLaunched = launchedBy !== "none";
  using opened = isLaunched && !given.printConfig ? undefined : await open();
  const resumed = (file?: ModelCheckpoint) => given.initFrom === null ? file : undefined;
  const checkpoint = resumed(opened);
  const configured = configureTraining(given, opened);
  const { origin } = configured;
  if (configured.config.printConfig) {
    checkTrainConfig(configured.config);
    if (rank === 0) console.log(trainingYaml(configured.config, origin));
    return 0;
  }
  const config = await withRunFolder(configured, checkpoint, new SoloGroup());
  if (!isLaunched) await checkStart(config, checkpoint);
  // The number of processes may differ from that of the checkpoint.
  const gpusGiven = ["flag", "file", "preset"].includes(origin.get("gpus")!);
  return await inProcesses(
    {
      settings: config.dryRun ? { ...config, gpus: 1 } : config,
      gpusGiven: gpusGiven && !config.dryRun,
      argv,
      facts: sharedSettings(config),
      paths: [
        base,
        config.workDir,
        config.data,
        config.tokenizer,
        config.configFile,
        config.restart,
        config.initFrom,
      ]
        .filter((path) => typeof path === "string"),
      check: (processes) => checkShares(config, processes),
      launching: () => opened?.[Symbol.dispose](),
    },
    async (group) => {
      using interrupt = listenForInterrupt();
      if (!isLaunched) {
        const begin = { base, source: opened, checkpoint, group, interrupt, startUp };
        return await runRank({ ...configured, ...begin, config });
      }
      using shared = await openShared(group, open);
      const source = shared.checkpoint;
      const continued = resumed(source);
      const step = continued ? trainingRecord(continued).progress.step : 0;
      const own = configureTraining(given, source);
      await assertSameFacts(group, startFacts(own.config, shared.digest, step));
      const start = { ...own, config: await withRunFolder(own, continued, group), group };
      await decideOnFirst(group, () => checkStart(start.config, continued));
      checkShares(start.config, group.size);
      return await runRank({ ...start, base, source, checkpoint: continued, interrupt, startUp });
    },
  );
}

/** Rejects contradictory settings and a folder that is in use. */
async function checkStart(config: TrainConfig, checkpoint?: ModelCheckpoint): Promise<void> {
  checkTrainConfig(config);
  if (rankEnvironment().launchedBy === "own") return; // its launcher has checked for all ranks
  if (writesFiles(config)) await checkWorkDirectory(config, checkpoint, console.log);
}

/** One rank of a run. Rank 0 writes files; the others are silent unless `--log_all_ranks`. */
async function runRank(start: Start): Promise<number> {
  const { origin, source, checkpoint, group, startUp } = start;
  const base = start.config.initFrom === null ? undefined : source?.config;
  const share = start.config.dryRun ? dryShare(start.config) : group;
  let config = withProcesses(start.config, share.size);
  const isFirst = group.rank === 0;
  const line = restartLine(config.restart, start.base, checkpoint);
  const result = isFirst ? console.log : () => {};
  const note = config.quiet ? () => {} : result;
  if (line !== undefined) note(line);
  if (isPlannedWithoutText(config, base)) {
    const process = { config, origin, share, group, base };
    await planWithoutText(process, start.notes, { note, result });
    return 0;
  }
  using folder = await firstThenOthers(
    group,
    async () =>
      isFirst && writesFiles(config)
        ? await WorkDirectory.open(config.workDir, console.log)
        : undefined,
  );
  // Rank 0 reads the text and writes the cache that the others then use.
  const cacheDir = writesFiles(config) ? `${config.workDir}/cache` : undefined;
  const isTextGiven = ["flag", "file"].includes(origin.get("data")!);
  const place = textOfCheckpoint(config, isTextGiven, checkpoint);
  if (place !== undefined) note(place); // before it is opened
  startUp.begin("text");
  using corpus = await firstThenOthers(
    group,
    () =>
      openText(config, cacheDir, source?.vocabulary, {
        required: neededSplits(config),
        progress: isFirst && !config.quiet ? new ProgressLine() : undefined,
        ...(source !== checkpoint && initialSymbols(config)),
      }),
  );
  const { size } = corpus.vocabulary;
  const cutoffs = cutoffsOf(config, corpus.source.dataset, size, base);
  const modelConfig = modelOf(config, size, cutoffs, base);
  await assertSameFacts(group, modelFacts(textFacts(corpus), corpus.vocabulary, modelConfig));
  const changes = checkpoint ? checkSameText(checkpoint, corpus, config, isTextGiven) : [];
  // A checkpoint that does not name its text is continued on the one it is given.
  const otherText = changes.length > 0 &&
    (isTextGiven || config.acceptNewText || trainingRecord(checkpoint!).text !== undefined);
  if (checkpoint) {
    const { testDue } = new CheckpointFiles(config.workDir, config);
    const isTestDue = await decideOnFirst(group, () => exists(testDue));
    checkContinues(checkpoint, config, modelConfig, corpus, { otherText, isTestDue });
  }
  const fitted = fitEvaluation(config, corpus, origin, share.size);
  config = fitted.config;
  cutStreams(config, corpus, share); // a text that is too short is rejected before anything is written

  startUp.begin("device");
  using opened = await openTrainingDevice(config);
  const { device } = opened;
  precisionFor(config.fp16, device); // rejects unsupported features
  startUp.begin("dry plan");
  const process = { config, origin, share, group };
  const fittedRun = await planOnDevice(process, device, modelConfig, corpus);
  const { planned } = fittedRun;
  config = fittedRun.config;
  if (!config.dryRun) checkFits(planned, device);

  // All user errors have been ruled out; files of the run are created from here on.
  if (writesFiles(config) && (isFirst || config.logAllRanks)) {
    await Deno.mkdir(config.workDir, { recursive: true }); // of this machine
  }
  const continuesLogs = checkpoint !== undefined &&
    await isFolderOf(checkpoint.path, config.workDir);
  const progress = new ProgressLine(config.quiet ? NO_TERMINAL : undefined);
  const mode = continuesLogs ? "append" : "truncate";
  using text = openTextLog(config, { rank: group.rank, mode, progress });
  text.write(opened.line);
  text.write(`world size: ${share.size}`);
  if (config.localBatchSize !== null) {
    text.write(`batch size: ${config.batchSize}, --local_batch_size times the world size`);
  }
  const warnings = settingWarnings(config, origin);
  for (const line of [...start.notes, ...fitted.notes]) text.write(line);
  for (const line of warnings) text.write(line, "WARNING");
  for (const line of configLines(config, origin)) text.write(line);
  logText(text, corpus, { changes, isCounted: source === undefined });
  for (const line of unscoredLines(config, corpus)) text.write(line);
  if (share.size > 1) text.write("What follows is for each process");
  for (const line of footprintLines(planned)) {
    if (config.dryRun) text.result(line);
    else text.write(line);
  }
  if (config.dryRun) return 0;
  return await trainRank(device, modelConfig, corpus, { ...start, config }, {
    text,
    progress,
    folder,
    continuesLogs,
  });
}

/** The share of one rank in a dry run, which starts no processes. */
function dryShare(config: TrainConfig): Share {
  const { gpus: size } = config;
  if (size === "all") {
    throw new ConfigError("Cannot plan a dry run for --gpus all: give a number of processes");
  }
  checkShares(config, size);
  return { rank: 0, size };
}
