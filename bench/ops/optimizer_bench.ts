/**
 * An optimizer step over ten million parameters: gradient norm, clipping, moments, update. They are
 * ten matrices of the size of a feed-forward layer; Muon, which multiplies matrices, has one of them.
 *
 * @module
 */
import {
  openOptimizer,
  type OptimizerName,
  OPTIMIZERS,
  recordUpdate,
} from "@transformer-xl/kernels";
import { ParameterStore } from "@transformer-xl/runtime";
import { Bench } from "../harness/harness.ts";

const ROWS = 2048;
const D = 512;

const bench = await Bench.open();

for (const kind of Object.keys(OPTIMIZERS) as OptimizerName[]) {
  if (kind === "jitlamb") continue; // the same launches as lamb
  const matrices = kind === "muon" ? 1 : 10;
  bench.row(`${kind}, ${matrices * ROWS * D} parameters`, {}, async (device) => {
    const store = new ParameterStore();
    for (let n = 0; n < matrices; n++) {
      store.param(`w${n}`, [ROWS, D], { kind: "constant", value: 0 });
    }
    store.allocate(device, { gradients: true });
    const optimizer = openOptimizer(device, store, { kind, momentum: 0.9 });
    const plan = await device.plan(
      `${kind} update`,
      (rec) => recordUpdate(rec, store, optimizer, { clip: 0.25 }),
    );
    return {
      run: () => plan.run(optimizer.scalars(1, 0.01)),
      cost: plan.cost,
      counts: { "parameters/s": store.count },
      [Symbol.dispose]() {
        plan[Symbol.dispose]();
        optimizer[Symbol.dispose]();
        store[Symbol.dispose]();
      },
    };
  });
}
