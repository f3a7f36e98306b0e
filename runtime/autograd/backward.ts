/**
 * Reverse-mode differentiation of a recording: one walk over the tape, last op first. The first
 * cotangent of a value is moved, later ones are added, by the op that forms them where it can.
 * Parameter gradients accumulate (`+=`), so several recordings can share them; activation gradients
 * are assigned.
 *
 * @module
 */
import { accumulate } from "./add.ts";
import { Cotangents } from "./cotangents.ts";
import type { PackedParameter } from "../params/parameter.ts";
import type { Node, Recorder } from "../record/recorder.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A value and its cotangent. */
export type Seed = readonly [value: Tensor, cotangent: Tensor];

/**
 * Records `sum_i <cotangent_i, d value_i / d x>` for every parameter (added to its gradient) and
 * every tensor of `wanted` (returned; absent if no gradient reaches it).
 *
 * @param seeds values and their cotangents; several cotangents of one value are added
 * @param params trained parameters; all others are constants
 * @param wanted further tensors whose cotangents are returned
 * @throws {TypeError} when a gradient would pass through an op without derivative, or a parameter
 * has no gradient buffer
 * @example
 * ```ts
 * import { add, backward, gradientsOf, ParameterStore, ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f64" });
 * using store = new ParameterStore();
 * const w = store.param("w", [2], { kind: "constant", value: 0 });
 * store.allocate(device, { gradients: true });
 * using plan = await device.plan("double", (rec) => {
 *   const dy = rec.input("dy", [2], "f32");
 *   const y = add(rec, w, w);
 *   backward(rec, [[y, dy]], [w]);
 *   return { inputs: { dy }, outputs: { y } };
 * });
 * plan.run({ dy: Float32Array.of(1, 10) });
 * const [gradients] = gradientsOf(store);
 * const [dw] = await device.read([{ storage: gradients!, offset: 0, length: 2 }]);
 * assertEquals([...dw!], [2, 20]);
 * ```
 */
export function backward(
  rec: Recorder,
  seeds: readonly Seed[],
  params: readonly PackedParameter[],
  wanted: readonly Tensor[] = [],
): ReadonlyMap<Tensor, Tensor> {
  const parameters = new Set<Tensor>(params);
  const nodes = [...rec.nodes];
  const reached = reachable(nodes, new Set<Tensor>([...params, ...wanted]));
  const cotangents = new Cotangents(rec);
  const send = (x: Tensor, cotangent: Tensor) => {
    if (parameters.has(x)) accumulate(rec, (x as PackedParameter).gradient, cotangent);
    else cotangents.give(x, cotangent);
  };
  const differentiate = (node: Node) => {
    const grads = pick(node.outputs, (output) => cotangents.get(output));
    const wants = new Set(
      Object.entries(node.inputs).filter(([, x]) => x !== undefined && reached.has(x))
        .map(([name]) => name),
    );
    if (wants.size === 0 || Object.keys(grads).length === 0) return;
    if (node.vjp === undefined) {
      throw new TypeError(`Cannot differentiate "${node.name}": it has no vjp`);
    }
    const gradients = pick(
      node.inputs,
      (x) => parameters.has(x) ? (x as PackedParameter).gradient : cotangents.addable(x),
    );
    rec.attribute(node.scope, () => {
      const results = node.vjp!(grads, wants, gradients);
      for (const [name, cotangent] of Object.entries(results)) {
        const x = node.inputs[name];
        if (x === undefined || cotangent === undefined || !wants.has(name)) continue;
        send(x, cotangent);
      }
    });
    for (const output of Object.values(node.outputs)) {
      if (output !== undefined && !wanted.includes(output)) cotangents.release(output);
    }
  };
  rec.scope("backward", () => {
    for (const [value, cotangent] of seeds) send(value, cotangent);

    for (const part of partsOf(nodes.reverse())) {
      rec.withEnd(() => part.forEach(differentiate));
    }
  });
  return new Map(wanted.flatMap((x) => {
    const cotangent = cotangents.get(x);
    return cotangent === undefined ? [] : [[x, cotangent] as const];
  }));
}

/** Runs of nodes of one outermost scope, as a layer of a network is: work put off ends with one. */
function partsOf(nodes: readonly Node[]): Node[][] {
  const parts: Node[][] = [];
  for (const node of nodes) {
    const last = parts.at(-1);
    if (last !== undefined && last[0]!.scope[0] === node.scope[0]) last.push(node);
    else parts.push([node]);
  }
  return parts;
}

/** All values that depend on `targets`, and the targets. */
function reachable(nodes: readonly Node[], targets: ReadonlySet<Tensor>): ReadonlySet<Tensor> {
  const reached = new Set(targets);
  for (const node of nodes) {
    if (!Object.values(node.inputs).some((x) => x !== undefined && reached.has(x))) continue;
    for (const output of Object.values(node.outputs)) {
      if (output !== undefined) reached.add(output);
    }
  }
  return reached;
}

function pick(
  tensors: Node["inputs"],
  of: (tensor: Tensor) => Tensor | undefined,
): Record<string, Tensor> {
  const picked: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const found = tensor && of(tensor);
    if (found !== undefined) picked[name] = found;
  }
  return picked;
}
