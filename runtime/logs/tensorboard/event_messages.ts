/**
 * Messages of TensorBoard's event files: scalars, texts and hyperparameters.
 *
 * Source: TensorFlow, `event.proto`, `summary.proto` and `tensor.proto`; TensorBoard,
 * `plugins/hparams/*.proto`; `google/protobuf/struct.proto`.
 *
 * @module
 */
import { Message } from "../../files/protobuf/message.ts";

/** A setting as TensorBoard knows it. */
export type HyperParameter = number | string | boolean;

/** Version of the format, in the first event of a file. */
const FILE_VERSION = "brain.Event:2";

/** `SessionLog.START`: what has been written before, from the step of the event on, is void. */
const SESSION_START = 1;

/** `DT_STRING`. */
const STRING_TYPE = 7;

/** `DATA_CLASS_TENSOR`. */
const TENSOR_CLASS = 2;

/** Fields of `Event`. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;

/** Fields of `Summary.Value`. */
const VALUE = { tag: 1, simpleValue: 2, tensor: 8, metadata: 9 } as const;

/** Tags and values of `HParamsPluginData`; its first field is a version, 0. */
const HPARAMS = {
  experiment: { tag: "_hparams_/experiment", field: 2 },
  start: { tag: "_hparams_/session_start_info", field: 3 },
  end: { tag: "_hparams_/session_end_info", field: 4 },
} as const;

/** `STATUS_SUCCESS` of a session. */
const SUCCESS = 1;

/** The first event of a file. */
export function versionEvent(wallTimeS: number): Message {
  return eventAt(wallTimeS).string(EVENT.fileVersion, FILE_VERSION);
}

/** An event of a run that continues: TensorBoard drops what earlier files say of later steps. */
export function restartEvent(wallTimeS: number, firstStep: number): Message {
  return eventAt(wallTimeS, firstStep)
    .message(EVENT.sessionLog, new Message().integer(1, SESSION_START));
}

/** An event with values of a step, each with its tag. */
export function summaryEvent(
  wallTimeS: number,
  step: number,
  values: readonly Message[],
): Message {
  const summary = values.reduce((all, value) => all.message(1, value), new Message());
  return eventAt(wallTimeS, step).message(EVENT.summary, summary);
}

/** A number, kept in float32. */
export function scalarValue(tag: string, value: number): Message {
  return new Message().string(VALUE.tag, tag).float(VALUE.simpleValue, value);
}

/** A text in Markdown. */
export function textValue(tag: string, markdown: string): Message {
  const shape = new Message().message(2, new Message().integer(1, 1)); // one string
  const tensor = new Message().integer(1, STRING_TYPE).message(2, shape).string(8, markdown);
  return new Message().string(VALUE.tag, tag).message(VALUE.tensor, tensor)
    .message(VALUE.metadata, pluginMetadata("text", undefined).integer(4, TENSOR_CLASS));
}

/** The experiment: which settings there are, and the tags of its results. */
export function experimentValue(
  settings: Readonly<Record<string, HyperParameter>>,
  metrics: readonly string[],
): Message {
  const experiment = new Message();
  for (const [name, value] of Object.entries(settings)) {
    const type = { string: 1, boolean: 2, number: 3 }[typeof value as "string"];
    experiment.message(5, new Message().string(1, name).integer(4, type));
  }
  for (const tag of metrics) {
    experiment.message(6, new Message().message(1, new Message().string(2, tag)));
  }
  return hparamsValue("experiment", experiment);
}

/** The start of a run with its settings. */
export function sessionStartValue(
  settings: Readonly<Record<string, HyperParameter>>,
  startedAtS: number,
): Message {
  const start = new Message();
  for (const [name, value] of Object.entries(settings)) {
    start.message(1, new Message().string(1, name).message(2, structValue(value)));
  }
  return hparamsValue("start", start.double(5, startedAtS));
}

/** The end of a run that has finished. */
export function sessionEndValue(endedAtS: number): Message {
  return hparamsValue("end", new Message().integer(1, SUCCESS).double(2, endedAtS));
}

function eventAt(wallTimeS: number, step = 0): Message {
  const event = new Message().double(EVENT.wallTime, wallTimeS);
  return step === 0 ? event : event.integer(EVENT.step, step);
}

function hparamsValue(kind: keyof typeof HPARAMS, content: Message): Message {
  const { tag, field } = HPARAMS[kind];
  const data = new Message().message(field, content);
  return new Message().string(VALUE.tag, tag)
    .message(VALUE.metadata, pluginMetadata("hparams", data));
}

function pluginMetadata(plugin: string, content: Message | undefined): Message {
  const data = new Message().string(1, plugin);
  return new Message().message(1, content === undefined ? data : data.message(2, content));
}

/** A `google.protobuf.Value`. */
function structValue(value: HyperParameter): Message {
  if (typeof value === "number") return new Message().double(2, value);
  if (typeof value === "string") return new Message().string(3, value);
  return new Message().integer(4, value ? 1 : 0);
}
