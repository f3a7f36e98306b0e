/**
 * Projected positions of all layers on the device, computed once for many recordings: they depend on
 * the weights and the lengths alone.
 *
 * @module
 */
import type { Plan, PlanInputs, PlanOutputs, Tensor } from "@transformer-xl/runtime/core";
import type { Model } from "../build.ts";
import { keysOf, type Lengths } from "../config.ts";

/** The projected positions of a model for recordings of one set of lengths. The caller owns them. */
export class ProjectedPositions implements Disposable {
  /** By layer, [K, N H]. */
  readonly layers: readonly (Tensor & Disposable)[];
  readonly #plan: Plan<PlanInputs, PlanOutputs>;
  #current = false;

  private constructor(
    layers: readonly (Tensor & Disposable)[],
    plan: Plan<PlanInputs, PlanOutputs>,
  ) {
    this.layers = layers;
    this.#plan = plan;
  }

  /**
   * Records them.
   *
   * @returns undefined for a model that projects no positions
   * @throws {DeviceError} when memory is short
   */
  static async record(model: Model, lengths: Lengths): Promise<ProjectedPositions | undefined> {
    const { device, config: { nLayer, nHead, dHead }, precision } = model;
    if (!model.projectsPositions) return undefined;
    using stack = new DisposableStack();
    const shape = [keysOf(lengths), nHead * dHead];
    const layers = Array.from(
      { length: nLayer },
      (_, l) => stack.use(device.state(`positions of layer ${l}`, shape, precision.activations)),
    );
    const plan = await device.plan("positions", (rec) => {
      model.projectPositions(rec, lengths, layers);
      return { inputs: {}, outputs: {} };
    });
    stack.move();
    return new ProjectedPositions(layers, plan);
  }

  /** Computes them, unless this was done since the last {@link ProjectedPositions.reset}. */
  prepare(): void {
    if (this.#current) return;
    this.#plan.run({});
    this.#current = true;
  }

  /** Has them computed again, with other weights. */
  reset(): void {
    this.#current = false;
  }

  /** Frees them. */
  [Symbol.dispose](): void {
    this.#plan[Symbol.dispose]();
    for (const layer of this.layers) layer[Symbol.dispose]();
  }
}
