/**
 * Parameters and attributes of a network that was pickled whole, as the authors' program does: a tree
 * of module objects, read as data.
 *
 * @module
 */
import {
  attributesOf,
  FileFault,
  PickleObject,
  type PickleValue,
  TorchTensor,
} from "@transformer-xl/runtime";

/** Most modules between the network and a parameter. */
const MAX_DEPTH = 16;
/** Most modules and parameters of a network, together: a hundred layers have five thousand. */
const MAX_PARTS = 50_000;

/** A wrapper of a network, which has it as its only module. */
const WRAPPED = "module";

/** Whether a value is a module. */
export function isModule(value: PickleValue | undefined): value is PickleObject {
  return value instanceof PickleObject && attributesOf(value).get("_modules") instanceof Map;
}

/** The network in wrappers for several GPUs. */
export function unwrapped(module: PickleObject): PickleObject {
  let network = module;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const inner = childOf(network, WRAPPED);
    if (inner === undefined) return network;
    network = inner;
  }
  return network;
}

/** A module within a module, by its names. */
export function childOf(
  module: PickleObject,
  ...names: readonly string[]
): PickleObject | undefined {
  let child: PickleObject = module;
  for (const name of names) {
    const next = attributesOf(attributesOf(child).get("_modules")).get(name);
    if (!(next instanceof PickleObject)) return undefined;
    child = next;
  }
  return child;
}

/**
 * The parameters of a network by their names in its state dict; buffers are computed.
 *
 * @throws {FileFault} When modules are nested too deeply, or there are too many
 */
export function parametersOf(network: PickleObject): Map<string, TorchTensor> {
  const found = new Map<string, TorchTensor>();
  let parts = 0;
  const count = (depth: number) => {
    if (depth <= MAX_DEPTH && ++parts <= MAX_PARTS) return;
    throw new FileFault("its modules are nested too deeply, too many, or contain each other");
  };
  const visit = (module: PickleObject, prefix: string, depth: number): void => {
    count(depth);
    const attributes = attributesOf(module);
    for (const [name, value] of attributesOf(attributes.get("_parameters"))) {
      count(depth);
      if (value instanceof TorchTensor) found.set(prefix + String(name), value);
    }
    for (const [name, child] of attributesOf(attributes.get("_modules"))) {
      count(depth);
      if (child instanceof PickleObject) visit(child, `${prefix}${String(name)}.`, depth + 1);
    }
  };
  visit(network, "", 0);
  return found;
}
