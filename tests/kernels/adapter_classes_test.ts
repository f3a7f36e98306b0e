/**
 * Kernels are cut differently for each family of adapters. The cuts that are meant for GPUs run
 * here on whatever adapter there is, so that they are right before they meet one.
 *
 * @module
 */
import { CATALOGUE } from "@transformer-xl/kernels/cases";
import { type AdapterClass, chooseAdapter, GpuDevice } from "@transformer-xl/runtime";
import { checkKernel } from "../support/check_kernel.ts";

/**
 * Rows as for an unknown GPU; the other classes differ only in the tiles of matmul. Those are not
 * run with halves as well: the text is the same but for an alias, and a software driver compiles
 * the large tiles for minutes.
 */
const CLASSES: Readonly<Partial<Record<AdapterClass, (op: string) => boolean>>> = {
  unknown: () => true,
  nvidia: (op) => op === "matmul",
};

for (const [adapterClass, includes] of Object.entries(CLASSES)) {
  Deno.test(`kernels as cut for "${adapterClass}" equal their reference`, async (test) => {
    const adapter = await chooseAdapter(navigator.gpu);
    using gpu = await GpuDevice.open({ ...adapter!, adapterClass: adapterClass as AdapterClass });
    for (const cases of CATALOGUE.filter(({ op }) => includes(op))) {
      for (const row of cases.rows.filter(({ bench }) => !bench)) {
        await test.step(`${cases.op}: ${row.name}`, () => checkKernel(gpu, cases, row));
        if (adapterClass !== "unknown") continue;
        await test.step(
          `${cases.op} in float16: ${row.name}`,
          () => checkKernel(gpu, cases, row, "f16"),
        );
      }
    }
  });
}
