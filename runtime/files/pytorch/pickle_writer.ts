/**
 * A writer of Python's pickles, protocol 2 (PEP 307), for the values of PyTorch files. It uses the
 * opcodes that `torch.load(weights_only=True)` knows, except for floats, which releases before 2.0
 * refuse there.
 *
 * @module
 */

/** Opcodes, as bytes. */
const OP = {
  mark: 0x28, // (
  emptyTuple: 0x29, // )
  stop: 0x2e, // .
  binFloat: 0x47, // G
  binInt: 0x4a, // J
  binInt1: 0x4b, // K
  binInt2: 0x4d, // M
  none: 0x4e, // N
  binPersistentId: 0x51, // Q
  reduce: 0x52, // R
  binUnicode: 0x58, // X
  emptyList: 0x5d, // ]
  build: 0x62, // b
  global: 0x63, // c
  appends: 0x65, // e
  tuple: 0x74, // t
  setItems: 0x75, // u
  emptyDict: 0x7d, // }
  protocol: 0x80,
  newObject: 0x81,
  tuple1: 0x85,
  newTrue: 0x88,
  newFalse: 0x89,
  long1: 0x8a,
} as const;

/** A tuple. */
export class PythonTuple {
  /** Its elements. */
  readonly elements: readonly PythonValue[];

  /** A tuple of values. */
  constructor(elements: readonly PythonValue[]) {
    this.elements = elements;
  }
}

/** A float; numbers without this class are integers if they are whole. */
export class PythonFloat {
  /** Its value. */
  readonly value: number;

  /** A float. */
  constructor(value: number) {
    this.value = value;
  }
}

/** A class or function of a module. */
export class PythonName {
  /** The module. */
  readonly module: string;
  /** Name in the module. */
  readonly name: string;

  /** A name; it is imported where the pickle is read. */
  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }
}

/** The result of a call, with items that are set afterwards. */
export class PythonCall {
  /** What is called. */
  readonly callee: PythonName;
  /** Its arguments. */
  readonly args: readonly PythonValue[];
  /** Items of the result, in order. */
  readonly items: ReadonlyMap<string, PythonValue>;

  /** A call that is made where the pickle is read. */
  constructor(
    callee: PythonName,
    args: readonly PythonValue[],
    items: ReadonlyMap<string, PythonValue> = new Map(),
  ) {
    [this.callee, this.args, this.items] = [callee, args, items];
  }
}

/** An object of a class, made without its constructor. */
export class PythonObject {
  /** Its class. */
  readonly type: PythonName;
  /** Its attributes. */
  readonly attributes: ReadonlyMap<string, PythonValue>;

  /** An object with attributes. */
  constructor(type: PythonName, attributes: ReadonlyMap<string, PythonValue>) {
    [this.type, this.attributes] = [type, attributes];
  }
}

/** An object that the reader of the pickle has by another way, such as a storage of a tensor. */
export class PersistentId {
  /** What the reader finds it by. */
  readonly id: PythonTuple;

  /** A reference. */
  constructor(id: PythonTuple) {
    this.id = id;
  }
}

/** A value of Python: arrays are lists, maps are dictionaries, null is None. */
export type PythonValue =
  | null
  | boolean
  | number
  | string
  | readonly PythonValue[]
  | ReadonlyMap<string, PythonValue>
  | PythonTuple
  | PythonFloat
  | PythonName
  | PythonCall
  | PythonObject
  | PersistentId;

/** An ordered dictionary, `collections.OrderedDict`. */
export function orderedDict(items: ReadonlyMap<string, PythonValue>): PythonCall {
  return new PythonCall(new PythonName("collections", "OrderedDict"), [], items);
}

/**
 * The pickle of a value.
 *
 * @example
 * ```ts
 * import { encodePickle } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * // PROTO 2, EMPTY_LIST, MARK, BININT1 7, NONE, APPENDS, STOP
 * assertEquals([...encodePickle([7, null])], [0x80, 2, 0x5d, 0x28, 0x4b, 7, 0x4e, 0x65, 0x2e]);
 * ```
 */
export function encodePickle(value: PythonValue): Uint8Array<ArrayBuffer> {
  const writer = new PickleWriter();
  writer.op(OP.protocol, 2);
  writer.value(value);
  writer.op(OP.stop);
  return writer.take();
}

class PickleWriter {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Everything that was written. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Bytes of an opcode and a short argument. */
  op(...bytes: readonly number[]): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  value(value: PythonValue): void {
    if (value === null) this.op(OP.none);
    else if (typeof value === "boolean") this.op(value ? OP.newTrue : OP.newFalse);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "string") this.#string(value);
    else if (value instanceof PythonFloat) this.#float(value.value);
    else if (value instanceof PythonTuple) this.#tuple(value.elements);
    else if (value instanceof PythonName) this.#name(value);
    else if (value instanceof PersistentId) this.#persistent(value);
    else if (value instanceof PythonCall) this.#call(value);
    else if (value instanceof PythonObject) this.#object(value);
    else if (value instanceof Map) this.#dictionary(value);
    else this.#list(value as readonly PythonValue[]);
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value)) return this.#float(value);
    if (value >= 0 && value < 2 ** 8) return this.op(OP.binInt1, value);
    if (value >= 0 && value < 2 ** 16) return this.op(OP.binInt2, value & 255, value >> 8);
    if (value === (value | 0)) {
      this.op(OP.binInt);
      this.#reserve(4);
      this.#view.setInt32(this.#length, value, true);
      this.#length += 4;
      return;
    }
    this.op(OP.long1, 8);
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, BigInt(value), true);
    this.#length += 8;
  }

  #float(value: number): void {
    this.op(OP.binFloat);
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value); // big-endian, unlike everything else
    this.#length += 8;
  }

  #string(text: string): void {
    this.op(OP.binUnicode);
    this.#reserve(4 + 3 * text.length); // UTF-16 code units take 3 bytes at most
    const { written } = new TextEncoder().encodeInto(text, this.#bytes.subarray(this.#length + 4));
    this.#view.setUint32(this.#length, written, true);
    this.#length += 4 + written;
  }

  #tuple(elements: readonly PythonValue[]): void {
    if (elements.length === 0) return this.op(OP.emptyTuple);
    if (elements.length > 1) this.op(OP.mark);
    for (const element of elements) this.value(element);
    this.op(elements.length > 1 ? OP.tuple : OP.tuple1);
  }

  #list(elements: readonly PythonValue[]): void {
    this.op(OP.emptyList);
    if (elements.length === 0) return;
    this.op(OP.mark);
    for (const element of elements) this.value(element);
    this.op(OP.appends);
  }

  #dictionary(items: ReadonlyMap<string, PythonValue>): void {
    this.op(OP.emptyDict);
    this.#items(items);
  }

  #items(items: ReadonlyMap<string, PythonValue>): void {
    if (items.size === 0) return;
    this.op(OP.mark);
    for (const [key, value] of items) {
      this.#string(key);
      this.value(value);
    }
    this.op(OP.setItems);
  }

  #name({ module, name }: PythonName): void {
    this.op(OP.global, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }

  #persistent({ id }: PersistentId): void {
    this.#tuple(id.elements);
    this.op(OP.binPersistentId);
  }

  #call({ callee, args, items }: PythonCall): void {
    this.#name(callee);
    this.#tuple(args);
    this.op(OP.reduce);
    this.#items(items);
  }

  #object({ type, attributes }: PythonObject): void {
    this.#name(type);
    this.op(OP.emptyTuple, OP.newObject);
    this.#dictionary(attributes);
    this.op(OP.build);
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
