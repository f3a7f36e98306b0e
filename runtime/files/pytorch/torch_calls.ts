/**
 * Meaning of the calls and persistent ids of PyTorch's pickles: dictionaries, sets, bytes, numbers
 * of NumPy, storages and tensors. Every other call stays a record.
 *
 * @module
 */
import { quoted } from "../../base/one_line.ts";
import { FileFault } from "../file_fault.ts";
import type { SafetensorsDtype } from "../safetensors/header.ts";
import { MEMORY, type PickleHooks } from "./pickle/pickle_machine.ts";
import type { MemoryBudget } from "./pickle/pickle_reader.ts";
import { PickleClass, PickleObject, type PickleValue } from "./pickle/pickle_values.ts";
import { TorchStorage, TorchTensor } from "./torch_tensor.ts";

/** Element types by the name of their storage. */
const STORAGES: Readonly<Record<string, SafetensorsDtype>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
  UntypedStorage: "U8",
};

/** Maximum number of axes of a tensor. */
const MAX_AXES = 64;

type Call = (args: readonly PickleValue[], budget: MemoryBudget) => PickleValue | undefined;

const tensorOf: Call = ([storage, offset, shape, strides]) => {
  if (!(storage instanceof TorchStorage)) throw new FileFault("a tensor has no storage");
  if (!isCount(offset) || !areCounts(shape) || !areCounts(strides)) {
    throw new FileFault("a tensor has no offset, shape or strides");
  }
  return new TorchTensor(storage, { offset, shape, strides });
};

/** A parameter is its tensor. */
const parameterOf: Call = ([data]) => data instanceof TorchTensor ? data : undefined;

const mapOf: Call = ([source], budget) => {
  const pairs = source instanceof Map ? [...source] : Array.isArray(source) ? source : [];
  budget.charge(MEMORY.map + MEMORY.entry * pairs.length);
  const map = new Map<PickleValue, PickleValue>();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new FileFault("a key has no value");
    map.set(pair[0]!, pair[1]!);
  }
  return map;
};

const setOf: Call = ([source], budget) => {
  const values = Array.isArray(source) ? source : [];
  budget.charge(MEMORY.map + MEMORY.entry * values.length);
  return new Set(values);
};

/** Protocol 2 has no bytes: they are the code points of a text. */
const bytesOf: Call = ([text, encoding], budget) => {
  if (typeof text !== "string" || encoding !== "latin1") return undefined;
  budget.charge(100 + text.length);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
};

/** A number of NumPy: its type, whose first argument is a code such as `f8`, and its bytes. */
const numberOf: Call = ([type, bytes]) => {
  const code = type instanceof PickleObject ? type.args[0] : undefined;
  if (typeof code !== "string" || !(bytes instanceof Uint8Array)) return undefined;
  const read = NUMPY_NUMBERS[code];
  const [bits = NaN] = /\d+$/.exec(code) ?? [];
  if (read === undefined || bytes.length !== Number(bits)) return undefined;
  return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
};

const NUMPY_NUMBERS: Readonly<Record<string, (view: DataView) => number | bigint | boolean>> = {
  b1: (view) => view.getUint8(0) !== 0,
  i1: (view) => view.getInt8(0),
  i2: (view) => view.getInt16(0, true),
  i4: (view) => view.getInt32(0, true),
  i8: (view) => exact(view.getBigInt64(0, true)),
  u1: (view) => view.getUint8(0),
  u2: (view) => view.getUint16(0, true),
  u4: (view) => view.getUint32(0, true),
  u8: (view) => exact(view.getBigUint64(0, true)),
  f2: (view) => view.getFloat16(0, true),
  f4: (view) => view.getFloat32(0, true),
  f8: (view) => view.getFloat64(0, true),
};

function exact(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ["torch._utils._rebuild_tensor", tensorOf],
  ["torch._utils._rebuild_tensor_v2", tensorOf],
  ["torch._utils._rebuild_parameter", parameterOf],
  ["torch._utils._rebuild_parameter_with_state", parameterOf],
  ["torch.nn.parameter.Parameter", parameterOf],
  ["torch.Size", ([sizes]) => sizes],
  ["collections.OrderedDict", mapOf],
  ["collections.Counter", mapOf],
  ["collections.defaultdict", ([, source = null], budget) => mapOf([source], budget)],
  ["_codecs.encode", bytesOf],
  ...["numpy.core", "numpy._core"].map((core): [string, Call] => [
    `${core}.multiarray.scalar`,
    numberOf,
  ]),
  ...["builtins", "__builtin__"].flatMap((module): [string, Call][] => [
    [`${module}.set`, setOf],
    [`${module}.frozenset`, setOf],
    [`${module}.list`, ([list]) => Array.isArray(list) ? list : undefined],
    [`${module}.dict`, mapOf],
  ]),
]);

/** What pickles of PyTorch mean. */
export const TORCH_HOOKS: PickleHooks = {
  call: (name, args, budget) => CALLS.get(name)?.(args, budget),
  persistent(id) {
    const [kind, type, key, , elements, part] = Array.isArray(id) ? id : [];
    // Old files have the source of every module beside its class.
    if (kind === "module" && type instanceof PickleClass) return type;
    if (kind !== "storage" || !(type instanceof PickleClass) || typeof key !== "string") {
      throw new FileFault("its pickle refers to something outside of it that is no storage");
    }
    const name = type.name.split(".").at(-1)!;
    const dtype = Object.hasOwn(STORAGES, name) ? STORAGES[name] : undefined;
    if (dtype === undefined) {
      throw new FileFault(
        `it has elements of the type ${quoted(type.name, 60)}, which is not read`,
      );
    }
    if (!isCount(elements)) throw new FileFault("a storage has no number of elements");
    if (!Array.isArray(part)) return new TorchStorage(key, dtype, elements);
    const [, start, length] = part;
    if (!isCount(start) || !isCount(length) || start + length > elements) {
      throw new FileFault(`a part of the storage ${quoted(key, 40)} lies outside of it`);
    }
    return new TorchStorage(key, dtype, length, start);
  },
};

/** Sizes or strides of the axes of a tensor. */
function areCounts(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= MAX_AXES && value.every(isCount);
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
