/**
 * Every bench row of the catalogue, recorded as the tests record it: the op alone, and with its
 * derivative. Work is what the ops' costs print, so kernels that do more than that look slow.
 *
 * @module
 */
import { CATALOGUE, recordRow } from "@transformer-xl/kernels/cases";
import { Bench } from "../harness/harness.ts";

const bench = await Bench.open();

for (const cases of CATALOGUE) {
  for (const row of cases.rows.filter((row) => row.bench)) {
    for (const derivative of row.derivative === false ? [false] : [false, true]) {
      const name = `${cases.op}, ${row.name}${derivative ? ", with derivative" : ""}`;
      bench.row(name, {}, async (device) => {
        const recorded = await recordRow(device, cases, row, { derivative });
        return {
          run: () => recorded.run(),
          cost: recorded.plan.costOf(row.scalars ?? {}),
          [Symbol.dispose]: () => recorded[Symbol.dispose](),
        };
      });
    }
  }
}
