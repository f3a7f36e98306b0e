/**
 * The kernel check: the same plan on a device and on the reference executor in float64.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type OpCase, type OpCases, recordRow } from "@transformer-xl/kernels/cases";
import { type Device, type HostArray, ReferenceDevice } from "@transformer-xl/runtime";
import { assertClose, largest } from "./compare.ts";

/** Width of the float operands of a row. */
export type RowDType = "f32" | "f16";

/**
 * Half the distance of neighbouring numbers around 1, times what the orders of a few operations may
 * differ by. Sums are float32 with either dtype; halves are rounded on every store.
 */
function toleranceOf(dtype: RowDType, { sumLength = 1, tolerance }: OpCase): number {
  if (dtype === "f16") return 4 * 2 ** -11;
  return tolerance ?? 16 * 2 ** -24 * Math.sqrt(sumLength);
}

/** Compares everything a row computes; the tolerance follows from the dtype and the row. */
export async function checkKernel(
  device: Device,
  cases: OpCases,
  row: OpCase,
  dtype: RowDType = "f32",
): Promise<void> {
  const liveBytes = device.liveBytes;
  using reference = new ReferenceDevice({ precision: "f64", limits: device.limits });
  const got = await run(device, cases, row, dtype);
  const want = await run(reference, cases, row, dtype);
  const rounding = toleranceOf(dtype, row);
  for (const [name, values] of want) {
    const scale = Math.max(largest(values), 1e-30);
    const tolerance = values instanceof Uint32Array ? 0 : rounding * scale;
    assertClose(got.get(name)!, values, tolerance, name);
  }
  assertEquals(device.liveBytes, liveBytes, "every buffer of the row is freed");
}

async function run(
  device: Device,
  cases: OpCases,
  row: OpCase,
  dtype: RowDType,
): Promise<ReadonlyMap<string, HostArray>> {
  using recorded = await recordRow(device, cases, row, { dtype });
  recorded.run();
  return await recorded.read();
}
