/**
 * Tests of every case of the catalogue. The mathematics: the directional derivative of the float64
 * replay, temporaries in their planned slots. The kernels: the same plan on the adapter and on the
 * reference executor.
 *
 * @module
 */
import { assert } from "@std/assert";
import {
  CATALOGUE,
  normals,
  type OpCase,
  type OpCases,
  recordRow,
} from "@transformer-xl/kernels/cases";
import { type HostArray, ReferenceDevice } from "@transformer-xl/runtime";
import { checkKernel } from "../support/check_kernel.ts";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

const only = Deno.env.get("TXL_OP"); // one op while working on it

for (const cases of CATALOGUE) {
  if (only !== undefined && cases.op !== only) continue;
  for (const row of cases.rows.filter(({ bench }) => !bench)) {
    if (row.derivative !== false) {
      Deno.test(`${cases.op} has the derivative of its float64 forward: ${row.name}`, () =>
        checkDerivative(cases, row));
    }
    gpuTest(
      `${cases.op} on the adapter equals its reference: ${row.name}`,
      async () => await checkKernel(await openTestGpu(), cases, row),
    );
    gpuTest(
      `${cases.op} in float16 equals its reference: ${row.name}`,
      async () => await checkKernel(await openTestGpu(), cases, row, "f16"),
    );
  }
}

/** sum_i <vjp(g)_i, u_i> = d/de <g, f(x + e u)> at 0, for random directions u. */
async function checkDerivative(cases: OpCases, row: OpCase): Promise<void> {
  using device = new ReferenceDevice({ precision: "f64" });
  using recorded = await recordRow(device, cases, row, { derivative: true });
  recorded.run();
  const results = await recorded.read();
  let got = 0;
  const directions = new Map<string, HostArray>();
  for (const [name, values] of recorded.initial) {
    const direction = normals(`${row.name} direction ${name}`, values.length);
    directions.set(name, direction);
    got += dot(results.get(`d ${name}`)!, direction);
  }
  const value = async (epsilon: number) => {
    for (const [name, values] of recorded.initial) {
      const direction = directions.get(name)!;
      recorded.write(name, Float64Array.from(values, (v, i) => v + epsilon * direction[i]!));
    }
    recorded.run();
    const outputs = await recorded.read();
    return [...recorded.cotangents].reduce((sum, [name, g]) => sum + dot(outputs.get(name)!, g), 0);
  };
  const e = 1e-5;
  // Fourth-order central difference: error e^4 against the 1e-16 / e of rounding.
  const want =
    (8 * (await value(e) - await value(-e)) - (await value(2 * e) - await value(-2 * e))) /
    (12 * e);
  const scale = Math.max(1, Math.abs(want), Math.abs(await value(0)));
  assert(Math.abs(got - want) <= 2e-8 * scale, `got ${got}, want ${want}`);
}

function dot(a: HostArray, b: HostArray): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
