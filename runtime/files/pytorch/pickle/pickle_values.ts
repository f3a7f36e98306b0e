/**
 * Values of a pickle as data. Classes and functions are names; what they would make is a record of
 * the call.
 *
 * @module
 */
import type { TorchStorage, TorchTensor } from "../torch_tensor.ts";

/** A class or function, of which the name is all that is known. */
export class PickleClass {
  /** Module and name, joined by a dot. */
  readonly name: string;

  /** A name. */
  constructor(name: string) {
    this.name = name;
  }
}

/** An object of a class that is not known, or the result of a call that was not made. */
export class PickleObject {
  /** Module and name of the class or function. */
  readonly className: string;
  /** Arguments of the call. */
  readonly args: readonly PickleValue[];
  /** State, as its class would have got it. */
  state: PickleValue | undefined;
  /** Members that were set by key. */
  readonly members: Map<PickleValue, PickleValue> = new Map();
  /** Elements that were appended. */
  readonly elements: PickleValue[] = [];

  /** An object without state. */
  constructor(className: string, args: readonly PickleValue[]) {
    this.className = className;
    this.args = args;
  }
}

/** A value: lists and tuples are arrays, dictionaries are maps, bytes are arrays of bytes. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Set<PickleValue>
  | PickleClass
  | PickleObject
  | TorchStorage
  | TorchTensor;

/** Attributes of an object by name; those of a dictionary are its members. */
export function attributesOf(
  value: PickleValue | undefined,
): ReadonlyMap<PickleValue, PickleValue> {
  if (value instanceof Map) return value;
  if (!(value instanceof PickleObject)) return new Map();
  // A class with slots has two states: the dictionary and the slots.
  const { state } = value;
  const [first] = Array.isArray(state) ? state : [state];
  return first instanceof Map ? first : value.members;
}
