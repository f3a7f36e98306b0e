/**
 * Kernels as they are cut for families of GPUs, on whatever adapter there is, so that they are right
 * before they meet one.
 *
 * @module
 */
import { CATALOGUE, type OpCase, type OpCases, recordRow } from "@transformer-xl/kernels/cases";
import {
  type AdapterClass,
  chooseAdapter,
  type DeviceLimits,
  type Executable,
  GpuDevice,
  type Kernel,
  type Recording,
  ReferenceDevice,
} from "@transformer-xl/runtime";
import { checkKernel, type RowDType } from "../support/check_kernel.ts";
import { gpuTest } from "../support/test_gpu.ts";

type Includes = (op: string, row: string, dtype: RowDType) => boolean;

/**
 * Rows as for an unknown GPU; the other classes differ only in the tiles of matmul. Halves are an
 * alias in the texts, and what they change is the vector loads, so one row of products tries them.
 * A software driver compiles a tile of warps for ten seconds, so `matmul_tile_test.ts` tries small
 * ones of these. It has the tiles of an unknown GPU with all epilogues but dropout, which one
 * feed-forward network tries. Fused attention takes twenty seconds a row, so one row has all there is.
 */
const UNKNOWN: Includes = (op, row, dtype) => {
  if (op === "matmul") return dtype === "f16" && row === "NN sizes that suit vec4 loads";
  if (op === "feed_forward") return dtype === "f32" && row === "whole blocks of a mask";
  return dtype === "f32" &&
    (!row.startsWith("fused,") || row.startsWith("fused, a bias of distances"));
};

/** `TXL_ADAPTER_CLASS=nvidia`: all rows, in either type, as for that class instead. */
const chosen = Deno.env.get("TXL_ADAPTER_CLASS");

const CLASSES: Readonly<Record<string, Includes>> = chosen === undefined
  ? { unknown: UNKNOWN }
  : { [chosen]: () => true };

for (const [adapterClass, includes] of Object.entries(CLASSES)) {
  gpuTest(`kernels as cut for "${adapterClass}" equal their reference`, async (test) => {
    const adapter = await chooseAdapter(navigator.gpu);
    using gpu = await GpuDevice.open({ ...adapter!, adapterClass: adapterClass as AdapterClass });
    const { limits } = gpu;
    const tried = new Set<string>();
    for (const cases of CATALOGUE) {
      for (const row of cases.rows.filter(({ bench }) => !bench)) {
        if (await hasSameKernels(cases, row, limits, { ...limits, adapterClass: "cpu" })) continue;
        const kernels = (await launchesOf(cases, row, limits)).map(({ kernel }) => triedAs(kernel));
        const isProduct = /^(matmul|feed_forward)$/.test(cases.op);
        if (chosen === undefined && !isProduct && kernels.every((each) => tried.has(each))) {
          continue;
        }
        kernels.forEach((kernel) => tried.add(kernel));
        for (const dtype of ["f32", "f16"] as const) {
          if (!includes(cases.op, row.name, dtype)) continue;
          const name = `${cases.op} in ${dtype}: ${row.name}`;
          await test.step(name, () => checkKernel(gpu, cases, row, dtype));
        }
      }
    }
  });
}

/** What a kernel counts as: its text, or the layout of the operands of a product. */
function triedAs({ name, source }: Kernel): string {
  return name.startsWith("matmul_") ? name : source;
}

/** Whether a row compiles to the same kernels for both, so that `ops_test.ts` has checked them. */
async function hasSameKernels(
  cases: OpCases,
  row: OpCase,
  one: DeviceLimits,
  other: DeviceLimits,
): Promise<boolean> {
  const [first, second] = [
    await launchesOf(cases, row, one),
    await launchesOf(cases, row, other),
  ].map((launches) =>
    launches.map(({ kernel, constants, workgroups }) => [kernel.source, constants, workgroups])
  );
  return JSON.stringify(first) === JSON.stringify(second);
}

/** Every launch of a row. */
async function launchesOf(
  cases: OpCases,
  row: OpCase,
  limits: DeviceLimits,
): Promise<readonly Launch[]> {
  using device = new LaunchList(limits);
  using _recorded = await recordRow(device, cases, row);
  return device.launches;
}

type Launch = Extract<Recording["commands"][number], { readonly kind: "launch" }>;

class LaunchList extends ReferenceDevice {
  readonly launches: Launch[] = [];

  constructor(limits: DeviceLimits) {
    super({ precision: "f32", limits });
  }

  override compile(recording: Recording): Promise<Executable> {
    for (const command of recording.commands) {
      if (command.kind === "launch") this.launches.push(command);
    }
    return super.compile(recording);
  }
}
