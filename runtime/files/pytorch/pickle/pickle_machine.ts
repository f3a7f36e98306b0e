/**
 * State of a machine for pickles that builds data alone: stack, marks and kept objects. It imports
 * nothing and calls nothing. What it makes is charged to a budget.
 *
 * @module
 */
import { quoted } from "../../../base/one_line.ts";
import { FileFault } from "../../file_fault.ts";
import { type MemoryBudget, PickleReader } from "./pickle_reader.ts";
import { PickleClass, PickleObject, type PickleValue } from "./pickle_values.ts";

/** Bytes that a value takes, for the budget. */
export const MEMORY = { slot: 16, list: 40, map: 200, entry: 48, object: 400 } as const;

/** Meaning of what a pickle takes from outside of it. */
export interface PickleHooks {
  /** The value of a persistent id. */
  persistent(id: PickleValue): PickleValue;
  /** The result of a call; undefined for a class or function without a meaning. */
  call(name: string, args: readonly PickleValue[], budget: MemoryBudget): PickleValue | undefined;
}

/** The machine between two steps, which `pickle_steps.ts` has. */
export class PickleMachine {
  /** The bytes. */
  readonly reader: PickleReader;
  /** What is made is charged to it. */
  readonly budget: MemoryBudget;
  readonly #hooks: PickleHooks;
  readonly #stack: PickleValue[] = [];
  /** Most values that were on the stack at once. */
  #deepest = 0;
  readonly #marks: number[] = [];
  readonly #memo: (PickleValue | undefined)[] = [];

  /** A machine in front of a pickle. */
  constructor(bytes: Uint8Array<ArrayBuffer>, budget: MemoryBudget, hooks: PickleHooks) {
    this.reader = new PickleReader(bytes, budget);
    this.budget = budget;
    this.#hooks = hooks;
  }

  /** Puts a value on the stack. */
  push(value: PickleValue): void {
    this.#stack.push(value);
    if (this.#stack.length <= this.#deepest) return;
    this.#deepest = this.#stack.length;
    this.budget.charge(MEMORY.slot);
  }

  /** Takes the value on top. */
  pop(): PickleValue {
    // Values below a mark belong to what the mark begins.
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw damaged("its stack is empty");
    return this.#stack.pop()!;
  }

  /** The value on top. */
  get top(): PickleValue {
    const top = this.#stack.at(-1);
    if (top === undefined) throw damaged("its stack is empty");
    return top;
  }

  /** Marks the top. */
  mark(): void {
    this.budget.charge(MEMORY.slot);
    this.#marks.push(this.#stack.length);
  }

  /** Takes the values above the last mark. */
  popMarked(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw damaged("its stack has no mark");
    return this.#stack.splice(mark);
  }

  /** Keeps the value on top under a number. */
  memoize(index: number = this.#memo.length): void {
    // Numbers are given in order, so there are never more than bytes.
    if (index > this.reader.position) throw damaged(`its object ${index} is out of order`);
    this.budget.charge(MEMORY.slot);
    this.#memo[index] = this.top;
  }

  /** Puts a kept value on the stack. */
  recall(index: number): void {
    const value = this.#memo[index];
    if (value === undefined) throw damaged(`it refers to the object ${index}, which is missing`);
    this.push(value);
  }

  /** The name on the stack as a class. */
  classOf(module: PickleValue, name: PickleValue): PickleClass {
    if (typeof module !== "string" || typeof name !== "string") {
      throw damaged("a class has no name");
    }
    this.budget.charge(MEMORY.list);
    return new PickleClass(`${module}.${name}`);
  }

  /** The record of a call, or its meaning. */
  call(callee: PickleValue, args: PickleValue): PickleValue {
    if (!(callee instanceof PickleClass) || !Array.isArray(args)) {
      throw damaged("it calls what is no class");
    }
    this.budget.charge(MEMORY.object);
    return this.#hooks.call(callee.name, args, this.budget) ?? new PickleObject(callee.name, args);
  }

  /** The value of a persistent id. */
  persistent(id: PickleValue): PickleValue {
    this.budget.charge(MEMORY.list);
    return this.#hooks.persistent(id);
  }

  /** Appends to a list, or to an object of an unknown class. */
  append(target: PickleValue, values: readonly PickleValue[]): void {
    const list = target instanceof PickleObject ? target.elements : target;
    if (!Array.isArray(list)) throw damaged("it appends to what is no list");
    this.budget.charge(MEMORY.slot * values.length);
    for (const value of values) list.push(value);
  }

  /** Sets members of a dictionary, or of an object of an unknown class; keys and values alternate. */
  setMembers(target: PickleValue, pairs: readonly PickleValue[]): void {
    const map = target instanceof PickleObject ? target.members : target;
    if (!(map instanceof Map)) throw damaged("it sets members of what is no dictionary");
    if (pairs.length % 2 !== 0) throw damaged("a key has no value");
    this.budget.charge(MEMORY.entry * pairs.length / 2);
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i]!, pairs[i + 1]!);
  }

  /** Adds to a set. */
  addMembers(target: PickleValue, values: readonly PickleValue[]): void {
    if (!(target instanceof Set)) throw damaged("it adds to what is no set");
    this.budget.charge(MEMORY.entry * values.length);
    for (const value of values) target.add(value);
  }

  /** Gives an object its state; attributes of dictionaries and tensors mean nothing here. */
  build(target: PickleValue, state: PickleValue): void {
    if (typeof target !== "object" || target === null) {
      throw damaged(`it gives ${quoted(String(target), 40)} a state`);
    }
    if (target instanceof PickleObject) target.state = state;
  }
}

function damaged(problem: string): FileFault {
  return new FileFault(`its pickle is damaged, ${problem}`);
}
