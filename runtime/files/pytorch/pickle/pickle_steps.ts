/**
 * The opcodes of pickles, protocols 2 to 5, as steps of a machine.
 *
 * @module
 */
import { FileFault } from "../../file_fault.ts";
import { MEMORY, type PickleMachine } from "./pickle_machine.ts";
import type { PickleValue } from "./pickle_values.ts";

/** One opcode. */
export type PickleStep = (machine: PickleMachine) => void;

const NEWEST_PROTOCOL = 5;

/** The opcode that ends a pickle. */
export const STOP = code(".");

/** Steps by opcode; those that are missing are of the text protocols, or need what is outside. */
export const STEPS: readonly (PickleStep | undefined)[] = tableOf([
  // the frame
  [0x80, ({ reader }) => checkProtocol(reader.byte())],
  [0x95, ({ reader }) => void reader.uint64()], // length of a frame, which reading does not need
  // stack and kept objects
  ["(", (m) => m.mark()],
  ["0", (m) => void m.pop()],
  ["1", (m) => void m.popMarked()],
  ["2", (m) => m.push(m.top)],
  ["q", (m) => m.memoize(m.reader.byte())],
  ["r", (m) => m.memoize(m.reader.uint32())],
  [0x94, (m) => m.memoize()],
  ["h", (m) => m.recall(m.reader.byte())],
  ["j", (m) => m.recall(m.reader.uint32())],
  // constants and numbers
  ["N", (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  ["K", (m) => m.push(m.reader.byte())],
  ["M", (m) => m.push(m.reader.uint16())],
  ["J", (m) => m.push(m.reader.int32())],
  ["G", (m) => m.push(m.reader.float64())],
  [0x8a, (m) => m.push(m.reader.integer(m.reader.byte()))],
  [0x8b, (m) => m.push(m.reader.integer(m.reader.uint32()))],
  // text and bytes
  ["U", (m) => m.push(m.reader.textOrBytes(m.reader.byte()))],
  ["T", (m) => m.push(m.reader.textOrBytes(m.reader.uint32()))],
  [0x8c, (m) => m.push(m.reader.text(m.reader.byte()))],
  ["X", (m) => m.push(m.reader.text(m.reader.uint32()))],
  [0x8d, (m) => m.push(m.reader.text(m.reader.uint64()))],
  ["C", (m) => m.push(m.reader.bytes(m.reader.byte()))],
  ["B", (m) => m.push(m.reader.bytes(m.reader.uint32()))],
  [0x8e, (m) => m.push(m.reader.bytes(m.reader.uint64()))],
  [0x96, (m) => m.push(m.reader.bytes(m.reader.uint64()))],
  // lists and tuples
  ["]", (m) => m.push(listOf(m, []))],
  [")", (m) => m.push(listOf(m, []))],
  ["t", (m) => m.push(listOf(m, m.popMarked()))],
  ["l", (m) => m.push(listOf(m, m.popMarked()))],
  [0x85, (m) => m.push(listOf(m, popped(m, 1)))],
  [0x86, (m) => m.push(listOf(m, popped(m, 2)))],
  [0x87, (m) => m.push(listOf(m, popped(m, 3)))],
  ["a", (m) => {
    const value = m.pop();
    m.append(m.top, [value]);
  }],
  ["e", (m) => {
    const values = m.popMarked();
    m.append(m.top, values);
  }],
  // dictionaries and sets
  ["}", (m) => m.push(newMap(m))],
  ["d", (m) => {
    const pairs = m.popMarked();
    const map = newMap(m);
    m.setMembers(map, pairs);
    m.push(map);
  }],
  ["s", (m) => {
    const pair = popped(m, 2);
    m.setMembers(m.top, pair);
  }],
  ["u", (m) => {
    const pairs = m.popMarked();
    m.setMembers(m.top, pairs);
  }],
  [0x8f, (m) => m.push(newSet(m))],
  [0x91, (m) => {
    const values = m.popMarked();
    const set = newSet(m);
    m.addMembers(set, values);
    m.push(set);
  }],
  [0x90, (m) => {
    const values = m.popMarked();
    m.addMembers(m.top, values);
  }],
  // classes, calls and objects
  ["c", (m) => {
    const module = m.reader.line();
    m.push(m.classOf(module, m.reader.line()));
  }],
  [0x93, (m) => {
    const [module, name] = popped(m, 2) as [PickleValue, PickleValue];
    m.push(m.classOf(module, name));
  }],
  ["R", (m) => {
    const [callee, args] = popped(m, 2) as [PickleValue, PickleValue];
    m.push(m.call(callee, args));
  }],
  [0x81, (m) => {
    const [callee, args] = popped(m, 2) as [PickleValue, PickleValue];
    m.push(m.call(callee, args));
  }],
  [0x92, (m) => {
    const [callee, args] = popped(m, 3) as [PickleValue, PickleValue];
    m.push(m.call(callee, args));
  }],
  ["b", (m) => {
    const state = m.pop();
    m.build(m.top, state);
  }],
  ["Q", (m) => m.push(m.persistent(m.pop()))],
]);

function code(opcode: string): number {
  return opcode.charCodeAt(0);
}

function tableOf(
  steps: readonly (readonly [opcode: string | number, step: PickleStep])[],
): (PickleStep | undefined)[] {
  const table: (PickleStep | undefined)[] = Array(256).fill(undefined);
  for (const [opcode, step] of steps) {
    table[typeof opcode === "string" ? code(opcode) : opcode] = step;
  }
  return table;
}

function checkProtocol(protocol: number): void {
  if (protocol <= NEWEST_PROTOCOL) return;
  throw new FileFault(`its pickle has protocol ${protocol}, at most ${NEWEST_PROTOCOL} is known`);
}

/** The last values of the stack, the lowest first. */
function popped(machine: PickleMachine, count: number): PickleValue[] {
  return Array.from({ length: count }, () => machine.pop()).reverse();
}

function listOf({ budget }: PickleMachine, values: PickleValue[]): PickleValue[] {
  budget.charge(MEMORY.list + MEMORY.slot * values.length);
  return values;
}

function newMap({ budget }: PickleMachine): Map<PickleValue, PickleValue> {
  budget.charge(MEMORY.map);
  return new Map();
}

function newSet({ budget }: PickleMachine): Set<PickleValue> {
  budget.charge(MEMORY.map);
  return new Set();
}
