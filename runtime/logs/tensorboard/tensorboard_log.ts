/**
 * Event files of TensorBoard: records with a length and checksums, each a protocol buffer. Each
 * record is in the file before a call returns, so that a killed run loses none but the one that it
 * was writing, which readers skip.
 *
 * A run that continues adds a file, as TensorBoard expects; readers take files in order of names,
 * which begin with the time.
 *
 * @module
 */
import type { Message } from "../../files/protobuf/message.ts";
import { isSystemError, systemReason } from "../../files/system_reason.ts";
import { AppendFile, type LogFileOptions } from "../append_file.ts";
import { warn } from "../standard_streams.ts";
import { maskedCrc32c } from "./crc32c.ts";
import {
  experimentValue,
  type HyperParameter,
  scalarValue,
  sessionEndValue,
  sessionEvent,
  sessionStartValue,
  summaryEvent,
  textValue,
  versionEvent,
} from "./event_messages.ts";

/** How event files are written. */
export interface TensorBoardOptions extends LogFileOptions {
  /**
   * First step of a run that continues (default 0, a new run): TensorBoard drops what earlier files
   * say of it and of later ones.
   */
  readonly firstStep?: number;
  /** Clock in milliseconds since 1970. */
  readonly now?: () => number;
}

/** Beginning of the names of event files. */
export const EVENT_FILES = "events.out.tfevents.";

/** Digits of the time in a name, so that names sort by it. */
const TIME_DIGITS = 10;

let filesOfProcess = 0;

/**
 * The event file of a run, opened at the first record. In mode "truncate", the event files of an
 * earlier run in the folder are removed then.
 *
 * @example
 * ```ts
 * import { TensorBoardLog } from "@transformer-xl/runtime";
 * import { assertMatch } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * using log = new TensorBoardLog(folder);
 * log.scalars(10, { "train/loss": 6.5, "train/perplexity": 665.1 });
 * const [file] = [...Deno.readDirSync(folder)];
 * assertMatch(file!.name, /^events\.out\.tfevents\.\d{10}\./); // tensorboard --logdir FOLDER
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class TensorBoardLog implements Disposable {
  readonly #folder: string;
  readonly #options: TensorBoardOptions;
  readonly #now: () => number;
  #file: AppendFile | undefined;
  #isBegun = false;

  /** Does not open a file yet. */
  constructor(folder: string, options: TensorBoardOptions = {}) {
    this.#folder = folder;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Writes numbers of a step by tag. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    const tagged = Object.entries(values).map(([tag, value]) => scalarValue(tag, value));
    if (tagged.length > 0) this.#summary(step, tagged);
  }

  /** Writes a text in Markdown. */
  text(step: number, tag: string, markdown: string): void {
    this.#summary(step, [textValue(tag, markdown)]);
  }

  /**
   * Writes the settings of a run, for the table of hyperparameters.
   *
   * @param metrics tags of scalars that stand beside them
   */
  start(
    settings: Readonly<Record<string, HyperParameter>>,
    metrics: readonly string[],
  ): void {
    this.#summary(0, [experimentValue(settings, metrics)]);
    this.#summary(0, [sessionStartValue(settings, this.#now() / 1000)]);
  }

  /** Writes that the run has finished. */
  end(): void {
    this.#summary(0, [sessionEndValue(this.#now() / 1000)]);
  }

  /** Closes the file; a later record reopens it. */
  close(): void {
    this.#file?.close();
  }

  /** As {@link TensorBoardLog.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #summary(step: number, values: readonly Message[]): void {
    const wallTimeS = this.#now() / 1000;
    this.#file ??= this.#create();
    this.#isBegun ||= this.#file.write(this.#beginning(wallTimeS));
    if (this.#isBegun) this.#file.write(recordOf(summaryEvent(wallTimeS, step, values)));
  }

  /** The first records of a file, which are there together or not at all. */
  #beginning(wallTimeS: number): Uint8Array {
    const { firstStep = 0 } = this.#options;
    const version = recordOf(versionEvent(wallTimeS));
    return Uint8Array.from([...version, ...recordOf(sessionEvent(wallTimeS, firstStep))]);
  }

  readonly #remove = (name: string): void => {
    const path = `${this.#folder}/${name}`;
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      warn(`Cannot remove "${path}": ${systemReason(error)}; TensorBoard shows it with this run`);
    }
  };

  #create(): AppendFile {
    if (this.#options.mode === "truncate") eventFilesIn(this.#folder).forEach(this.#remove);
    const seconds = String(Math.floor(this.#now() / 1000)).padStart(TIME_DIGITS, "0");
    const name = `${seconds}.${Deno.hostname()}.${Deno.pid}.${filesOfProcess++}`;
    return new AppendFile(`${this.#folder}/${EVENT_FILES}${name}`, { entries: "records" });
  }
}

/** Names of the event files in a folder, oldest first; none where there is no folder. */
export function eventFilesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name)
      .filter((name) => name.startsWith(EVENT_FILES)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * A message as a TFRecord: its length in eight bytes, little-endian, their checksum, the message and
 * its checksum.
 */
function recordOf(message: Message): Uint8Array<ArrayBuffer> {
  const data = message.encode();
  const record = new Uint8Array(HEAD_BYTES + data.length + CRC_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(LENGTH_BYTES, maskedCrc32c(record.subarray(0, LENGTH_BYTES)), true);
  record.set(data, HEAD_BYTES);
  view.setUint32(HEAD_BYTES + data.length, maskedCrc32c(data), true);
  return record;
}

const LENGTH_BYTES = 8;
const CRC_BYTES = 4;
const HEAD_BYTES = LENGTH_BYTES + CRC_BYTES;
