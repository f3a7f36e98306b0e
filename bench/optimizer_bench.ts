/**
 * An optimizer step over ten million parameters, in nanoseconds per parameter.
 *
 * @module
 */
import { Moments, recordUpdate } from "@transformer-xl/kernels";
import { GpuDevice, ParamStore } from "@transformer-xl/runtime";

const ROWS = 20_480;
const D = 512;

for (const kind of ["lamb", "adam"] as const) {
  const device = await GpuDevice.open();
  const store = new ParamStore();
  store.param("w", [ROWS, D], { kind: "constant", value: 0 });
  store.seal(device, { gradients: true });
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
  const values = { lr: 0.01, biasCorrection1: 0.1, biasCorrection2: 0.001 };
  for (const { label, elapsedMs } of await plan.profile(values)) {
    const ns = (elapsedMs * 1e6 / store.count).toFixed(2);
    console.log(`${kind} ${label}: ${ns} ns per parameter, one run`);
  }
  Deno.bench(`${kind}, ${store.count} parameters, ${device.info.adapter}`, async () => {
    plan.run(values);
    await device.idle();
  });
}
