/**
 * The folder of a run below `--work_dir`: the suffix of `--append_dataset` and the sub-folder of
 * `--append_time`.
 *
 * @module
 */
import { datasetOf, type ModelCheckpoint } from "@transformer-xl/model";
import {
  fileInfo,
  type FlagOrigin,
  gatherNumbers,
  type ProcessGroup,
} from "@transformer-xl/runtime";
import { dirname } from "node:path";
import type { TrainConfig } from "../config.ts";
import { CheckpointFiles, checkpointsIn } from "./checkpoint_files.ts";

/** Settings that name the folder of a run. */
type FolderSettings = Pick<
  TrainConfig,
  "workDir" | "appendDataset" | "appendTime" | "dataset" | "data"
>;

/** `--work_dir`, with the data set if it is appended; sub-folders of times lie in it. */
export function baseFolder({ workDir, appendDataset, ...text }: FolderSettings): string {
  return appendDataset ? `${workDir.replace(/\/+$/, "")}-${datasetOf(text)}` : workDir;
}

/** A time as the name of a sub-folder, YYYYmmdd-HHMMSS in local time. */
export function timeName(timeMs: number): string {
  const time = new Date(timeMs);
  const digits = (value: number, width = 2) => String(value).padStart(width, "0");
  const day = [digits(time.getFullYear(), 4), digits(time.getMonth() + 1), digits(time.getDate())];
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return `${day.join("")}-${clock.map((value) => digits(value)).join("")}`;
}

const TIME_NAME = /^\d{8}-\d{6}$/;

/** The folder in which `--restart` without a path looks: with times, the newest with a checkpoint. */
export async function folderToResume(settings: FolderSettings): Promise<string> {
  const base = baseFolder(settings);
  if (!settings.appendTime || !(await fileInfo(base))?.isDirectory) return base;
  const times: string[] = [];
  for await (const { name } of Deno.readDir(base)) if (TIME_NAME.test(name)) times.push(name);
  for (const name of times.sort().reverse()) {
    const { directory } = new CheckpointFiles(`${base}/${name}`, { saveAll: false });
    if ((await checkpointsIn(directory)).length > 0) return directory;
  }
  return base;
}

/**
 * The configuration with the folder of its run. A run continues in the folder of its checkpoint, as
 * long as no other `--work_dir` is given with a path to restart from.
 *
 * @param group its ranks agree on the latest of their times
 * @throws {GroupError} when another rank has ended
 */
export async function withRunFolder(
  { config, origin }: {
    readonly config: TrainConfig;
    readonly origin: ReadonlyMap<string, FlagOrigin>;
  },
  checkpoint: Pick<ModelCheckpoint, "path"> | undefined,
  group: ProcessGroup,
): Promise<TrainConfig> {
  const times = config.appendTime ? await gatherNumbers(group, [Date.now()]) : [];
  if (checkpoint !== undefined && config.restart === true) {
    return { ...config, workDir: dirname(checkpoint.path) };
  }
  if (origin.get("workDir") === "checkpoint") return config;
  const base = baseFolder(config);
  const latest = Math.max(...times.map(([time]) => time!));
  return { ...config, workDir: config.appendTime ? `${base}/${timeName(latest)}` : base };
}
