/**
 * Kernels whose elements do not depend on each other: the source declares `fn element(i: u32)`, and
 * the walk over all elements is shared.
 *
 * @module
 */
import mainSource from "./elementwise.wgsl" with { type: "text" };
import { type Kernel, kernel, type Reference } from "./kernel.ts";
import { linearWorkgroups } from "./op.ts";
import type { Recorder } from "./recorder.ts";

/** Elements of one workgroup. */
const ELEMENTS = 512;

/**
 * A kernel from its bindings, its `Scalars` and `fn element(i: u32)`, which must ignore an `i` past
 * the last element.
 */
export function elementwiseKernel(name: string, source: string, reference: Reference): Kernel {
  return kernel(name, `${source}\n${mainSource}`, reference);
}

/** Workgroups of an elementwise kernel over `count` elements. */
export function elementwiseWorkgroups(rec: Recorder, count: number): [number, number] {
  return linearWorkgroups(rec, count, ELEMENTS);
}
