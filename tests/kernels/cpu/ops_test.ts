/**
 * Tests of every case of the catalogue on the CPU: vector code and loops in one plan, against the
 * float64 replay.
 *
 * @module
 */
import { CATALOGUE } from "@transformer-xl/kernels/cases";
import { CpuDevice, ONE_THREAD } from "@transformer-xl/runtime";
import { checkKernel } from "../../support/check_kernel.ts";

const only = Deno.env.get("TXL_OP"); // one op while working on it

for (const cases of CATALOGUE) {
  if (only !== undefined && cases.op !== only) continue;
  Deno.test(`${cases.op} on the CPU equals its reference`, async () => {
    using device = new CpuDevice(ONE_THREAD);
    for (const row of cases.rows.filter(({ bench }) => !bench)) {
      await checkKernel(device, cases, row);
    }
  });
}
