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

/** `DT_FLOAT` and `DT_STRING`. */
const TENSOR_TYPES = { float: 1, string: 7 } as const;

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

/** Fields of `Experiment`. */
const EXPERIMENT = { settings: 4, metrics: 5 } as const;

/** `STATUS_SUCCESS` of a session. */
const SUCCESS = 1;

/** The first event of a file. */
export function versionEvent(wallTimeS: number): Message {
  return eventAt(wallTimeS).string(EVENT.fileVersion, FILE_VERSION);
}

/**
 * The start of a session. TensorBoard drops what it has read of this step and later ones, unless this
 * is the first start that it sees.
 */
export function sessionEvent(wallTimeS: number, firstStep: number): Message {
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
  const tensor = oneElement("string").string(8, markdown);
  return tensorValue(tag, tensor, new Message().string(1, "text"));
}

/** The experiment: which settings there are, and the tags of its results. */
export function experimentValue(
  settings: Readonly<Record<string, HyperParameter>>,
  metrics: readonly string[],
): Message {
  const experiment = new Message();
  for (const [name, value] of Object.entries(settings)) {
    const type = { string: 1, boolean: 2, number: 3 }[typeof value as "string"];
    experiment.message(EXPERIMENT.settings, new Message().string(1, name).integer(4, type));
  }
  for (const tag of metrics) {
    experiment.message(EXPERIMENT.metrics, new Message().message(1, new Message().string(2, tag)));
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
  const tensor = oneElement("float").bytes(4, new Uint8Array(4)); // it says nothing
  return tensorValue(tag, tensor, new Message().string(1, "hparams").message(2, data));
}

/** A tensor with the name of the plugin that reads it, and its data. */
function tensorValue(tag: string, tensor: Message, plugin: Message): Message {
  const metadata = new Message().message(1, plugin).integer(4, TENSOR_CLASS);
  return new Message().string(VALUE.tag, tag).message(VALUE.tensor, tensor)
    .message(VALUE.metadata, metadata);
}

/** Type and shape of a tensor with one element. */
function oneElement(type: keyof typeof TENSOR_TYPES): Message {
  const shape = new Message().message(2, new Message().integer(1, 1));
  return new Message().integer(1, TENSOR_TYPES[type]).message(2, shape);
}

/** A `google.protobuf.Value`. */
function structValue(value: HyperParameter): Message {
  if (typeof value === "number") return new Message().double(2, value);
  if (typeof value === "string") return new Message().string(3, value);
  return new Message().integer(4, value ? 1 : 0);
}
