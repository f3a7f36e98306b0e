/**
 * An optimizer step over ten million parameters: gradient norm, clipping, moments, update.
 *
 * @module
 */
import { Moments, recordUpdate } from "@transformer-xl/kernels";
import { ParameterStore } from "@transformer-xl/runtime";
import { Bench } from "../harness/harness.ts";

const ROWS = 20_480;
const D = 512;

const bench = await Bench.open();

for (const kind of ["lamb", "adam"] as const) {
  bench.row(`${kind}, ${ROWS * D} parameters`, {}, async (device) => {
    const store = new ParameterStore();
    store.param("w", [ROWS, D], { kind: "constant", value: 0 });
    store.allocate(device, { gradients: true });
    const moments = new Moments(device, store);
    const plan = await device.plan(`${kind} update`, (rec) => {
      const lr = rec.scalar("lr");
      const biasCorrection1 = rec.scalar("1 - beta1^t");
      const biasCorrection2 = rec.scalar("1 - beta2^t");
      const scalars = { lr, biasCorrection1, biasCorrection2 };
      const optimizer = { kind, weightDecay: 0 };
      const outputs = recordUpdate(rec, store, moments, { optimizer, clip: 0.25, ...scalars });
      return { inputs: scalars, outputs };
    });
    return {
      run: () => plan.run({ lr: 0.01, biasCorrection1: 0.1, biasCorrection2: 0.001 }),
      cost: plan.cost,
      counts: { "parameters/s": store.count },
      [Symbol.dispose]() {
        plan[Symbol.dispose]();
        moments[Symbol.dispose]();
        store[Symbol.dispose]();
      },
    };
  });
}
