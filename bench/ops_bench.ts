/**
 * Every bench row of the catalogue, recorded as the tests record it: the op alone, and with its
 * derivative. Work is what the ops' costs say, so kernels that do more than that look slow.
 *
 * @module
 */
import { CATALOGUE } from "@transformer-xl/kernels";
import { recordRow } from "@transformer-xl/tests";
import { Bench } from "./harness.ts";

/** Scalars that leave a part of the rows out. */
const COUNTS = ["rows", "count"];

const bench = await Bench.open();

for (const cases of CATALOGUE) {
  for (const row of cases.rows.filter((row) => row.bench)) {
    const counted = Object.keys(row.scalars ?? {}).some((name) => COUNTS.includes(name));
    for (const derivative of row.derivative === false ? [false] : [false, true]) {
      const name = `${cases.op}, ${row.name}${derivative ? ", with derivative" : ""}`;
      bench.row(name, {}, async (device) => {
        const recorded = await recordRow(device, cases, row, { derivative });
        return {
          run: () => recorded.run(),
          cost: recorded.plan.cost,
          ...(counted && { note: "work is that of every row, fewer are used" }),
          [Symbol.dispose]: () => recorded[Symbol.dispose](),
        };
      });
    }
  }
}
