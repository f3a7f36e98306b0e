/**
 * The matrix units of this process's driver, printed as JSON.
 *
 * @module
 */
import {
  chooseAdapter,
  DeviceError,
  isUserError,
  type MatrixUnits,
  useWebGpu,
  withMatrixUnits,
  writeAllSync,
} from "@transformer-xl/runtime";
import { skipExitHandlers } from "@transformer-xl/runtime/setup";

/** An adapter and its units. */
export interface ProbedUnits {
  /** Name, as the driver gives it. */
  readonly adapter: string;
  /** See {@link MatrixUnits}. */
  readonly units: MatrixUnits;
}

if (import.meta.main) {
  try {
    await useWebGpu("dawn", () => {});
    const choice = await chooseAdapter(navigator.gpu);
    if (choice === undefined) throw new DeviceError("no-adapter", "no adapter answers");
    const { name: adapter, matrixUnits: units } = await withMatrixUnits(choice, "on");
    writeAllSync(Deno.stdout, JSON.stringify({ adapter, units }));
  } catch (error) {
    if (!isUserError(error)) throw error;
    writeAllSync(Deno.stderr, error.message);
    Deno.exitCode = 1;
  }
  skipExitHandlers();
}
