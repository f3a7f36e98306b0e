/**
 * Graphs of ONNX models: nodes in order of computation, initializers, inputs and outputs. Field
 * numbers are those of `onnx.proto`.
 *
 * @module
 */
import { type LateBytes, Message } from "../protobuf/message.ts";

/** Element types with their numbers in `TensorProto.DataType` and their widths. */
export const ONNX_TYPES = {
  float32: { code: 1, bytes: 4 },
  int64: { code: 7, bytes: 8 },
  bool: { code: 9, bytes: 1 },
  float16: { code: 10, bytes: 2 },
} as const;

/** An element type. */
export type OnnxType = keyof typeof ONNX_TYPES;

/** Name of a value of a graph. */
export type Value = string;

/** An attribute: an integer, a list of integers, a float32, or a string. */
export type Attribute = number | readonly number[] | { readonly float: number } | string;

/** Sizes of a value's axes: a number, or a name for a size that differs between runs. */
export type OnnxDims = readonly (number | string)[];

/** An initializer whose content is read when it is written. */
export interface OnnxWeight {
  /** Its name. */
  readonly name: string;
  /** Its element type. */
  readonly type: OnnxType;
  /** Its shape. */
  readonly dims: readonly number[];
  /** Its content, little-endian and row-major. */
  readonly content: LateBytes;
}

/** Where the content of a weight lies outside the model's file. */
export interface ExternalPlace {
  /** Name of a file in the folder of the model. */
  readonly location: string;
  /** Byte of the file at which it begins. */
  readonly offset: number;
}

/** Numbers of `AttributeProto.AttributeType`. */
const ATTRIBUTE = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** `TensorProto.DataLocation` of content in another file. */
const EXTERNAL = 1;

/** A graph that grows node by node. */
export class OnnxGraph {
  /** Weights, in the order they were added. */
  readonly weights: OnnxWeight[] = [];
  readonly #nodes: Message[] = [];
  readonly #constants = new Map<string, Message>();
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  readonly #counts = new Map<string, number>();

  /** Declares an input. */
  input(name: string, type: OnnxType, dims: OnnxDims): Value {
    this.#inputs.push(valueInfo(name, type, dims));
    return name;
  }

  /** Declares the output `name`, which a node must have computed. */
  output(name: string, type: OnnxType, dims: OnnxDims): void {
    this.#outputs.push(valueInfo(name, type, dims));
  }

  /** Appends a node of one output. */
  node(
    op: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>> = {},
    name: Value = this.#fresh(op),
  ): Value {
    return this.nodes(op, inputs, attributes, [name])[0]!;
  }

  /** Appends a node of several outputs, or of an output of a given name. */
  nodes(
    op: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
    outputs: readonly Value[],
  ): readonly Value[] {
    const node = new Message();
    for (const input of inputs) node.string(1, input);
    for (const output of outputs) node.string(2, output);
    node.string(3, outputs[0]!).string(4, op);
    for (const [name, value] of Object.entries(attributes)) {
      node.message(5, attribute(name, value));
    }
    this.#nodes.push(node);
    return outputs;
  }

  /** A constant list of integers; equal ones are one initializer. */
  integers(...values: readonly number[]): Value {
    const data = BigInt64Array.from(values, BigInt);
    return this.#constant(`int64 ${values}`, "int64", [values.length], data);
  }

  /** A constant integer without axes. */
  integer(value: number): Value {
    return this.#constant(`int64 scalar ${value}`, "int64", [], BigInt64Array.of(BigInt(value)));
  }

  /** A constant number without axes. */
  number(value: number, type: "float32" | "float16"): Value {
    const data = type === "float16" ? Float16Array.of(value) : Float32Array.of(value);
    return this.#constant(`${type} ${value}`, type, [], data);
  }

  /** A constant array; its name must be new. */
  array(
    name: string,
    type: OnnxType,
    dims: readonly number[],
    data: ArrayBufferView<ArrayBuffer>,
  ): Value {
    return this.#constant(name, type, dims, data);
  }

  /** Adds a weight, once if it is added again. */
  weight(weight: OnnxWeight): Value {
    const { name } = weight;
    if (!this.weights.some((known) => known.name === name)) this.weights.push(weight);
    return name;
  }

  /**
   * The encoded graph.
   *
   * @param places of weights that lie in another file
   */
  encode(name: string, places: ReadonlyMap<string, ExternalPlace> = new Map()): Message {
    const graph = new Message();
    for (const node of this.#nodes) graph.message(1, node);
    graph.string(2, name);
    for (const constant of this.#constants.values()) graph.message(5, constant);
    for (const weight of this.weights) graph.message(5, initializer(weight, places));
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    return graph;
  }

  #constant(
    name: string,
    type: OnnxType,
    dims: readonly number[],
    data: ArrayBufferView<ArrayBuffer>,
  ): Value {
    if (!this.#constants.has(name)) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.#constants.set(name, tensor(name, type, dims).bytes(9, bytes));
    }
    return name;
  }

  #fresh(op: string): Value {
    const count = this.#counts.get(op) ?? 0;
    this.#counts.set(op, count + 1);
    return `${op}.${count}`;
  }
}

/** A tensor without its content. */
function tensor(name: string, type: OnnxType, dims: readonly number[]): Message {
  const message = new Message();
  for (const size of dims) message.integer(1, size);
  return message.integer(2, ONNX_TYPES[type].code).string(8, name);
}

function initializer(
  { name, type, dims, content }: OnnxWeight,
  places: ReadonlyMap<string, ExternalPlace>,
): Message {
  const message = tensor(name, type, dims);
  const place = places.get(name);
  if (place === undefined) return message.bytes(9, content);
  const { location, offset } = place;
  const entries = { location, offset: String(offset), length: String(content.byteLength) };
  for (const [key, value] of Object.entries(entries)) message.message(13, pair(key, value));
  return message.integer(14, EXTERNAL);
}

/** A string under a key. */
export function pair(key: string, value: string): Message {
  return new Message().string(1, key).string(2, value);
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().string(1, name);
  if (typeof value === "number") return message.integer(3, value).integer(20, ATTRIBUTE.int);
  if (typeof value === "string") return message.string(4, value).integer(20, ATTRIBUTE.string);
  if ("float" in value) return message.float(2, value.float).integer(20, ATTRIBUTE.float);
  for (const item of value) message.integer(8, item);
  return message.integer(20, ATTRIBUTE.ints);
}

function valueInfo(name: string, type: OnnxType, dims: OnnxDims): Message {
  const shape = new Message();
  for (const size of dims) {
    const dimension = new Message();
    shape.message(
      1,
      typeof size === "number" ? dimension.integer(1, size) : dimension.string(2, size),
    );
  }
  const tensorType = new Message().integer(1, ONNX_TYPES[type].code).message(2, shape);
  return new Message().string(1, name).message(2, new Message().message(1, tensorType));
}
