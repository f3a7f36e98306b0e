/**
 * `deno task golden FOLDER...`: a comparison with numbers of the PyTorch reference.
 *
 * @module
 */
import {
  ADAPTER_CLASSES,
  type AdapterClass,
  chooseAdapter,
  type Device,
  GpuDevice,
  HALF_SUMS,
  type HalfSums,
  MATRIX_UNITS_CHOICES,
  type MatrixUnitsChoice,
  openDevice,
  ReferenceDevice,
  useWebGpu,
  WEBGPU_CHOICES,
  withMatrixUnits,
} from "@transformer-xl/runtime";
import { parseArgs } from "@std/cli";
import { checkCase, needsDevice } from "./runner/check_case.ts";
import { type CaseErrors, errorTable } from "./runner/error_table.ts";
import type { Findings } from "./runner/findings.ts";
import { GoldenCase, UnsupportedCase } from "./runner/golden_case.ts";

const USAGE =
  `Usage: deno task golden [--device gpu|cpu|reference64|all] [--webgpu deno|dawn|auto] [--data DIR]
         [--fp16] [--fp16_sums float32|packed] [--matrix_units auto|on|off] [--adapter_class NAME]
         [--table] FOLDER...

Checks folders of golden numbers (case.json, tensors.safetensors) and prints the worst error per kind
of tensor, relative to the largest value of each tensor. Exit code 1 when a folder did not pass.

  --device NAME  gpu: the adapter; cpu: that of --device cpu; reference64: plain loops in float64;
                 all: the three. Default: gpu and reference64; only gpu for float32 cases
  --webgpu NAME  deno: Deno's own WebGPU; dawn: that of the npm package webgpu; auto: dawn where deno
                 finds no adapter. Default: TXL_WEBGPU, else deno
  --data DIR     Folder of wiki.{train,valid,test}.tokens, for trajectories that store no text
  --fp16         Train trajectories in half precision: losses within 2 %, validation within 1 %
  --fp16_sums NAME      float32, or packed: up to 32 terms in half precision, within the same limits
  --matrix_units NAME   Matrix units for products of --fp16: on also takes those of a software driver
  --adapter_class NAME  The kernels of another family of GPUs: ${ADAPTER_CLASSES.join(", ")}
  --table        Print a Markdown table of the worst errors at the end
  --help         This text
`;

const DEVICES = ["gpu", "cpu", "reference64"] as const;
type DeviceName = (typeof DEVICES)[number];

/** Kernels that the adapter alone would not choose. */
interface Kernels {
  readonly adapterClass?: AdapterClass;
  readonly halfSums?: HalfSums;
  readonly matrixUnits?: MatrixUnitsChoice;
}

/** Devices by name, opened when first needed. */
class OpenDevices implements Disposable {
  readonly #open = new Map<DeviceName, Device>();
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  async get(name: DeviceName): Promise<Device> {
    const device = this.#open.get(name) ??
      (name === "gpu"
        ? await this.#openGpu()
        : name === "cpu"
        ? await openDevice("cpu", () => {})
        : new ReferenceDevice({ precision: "f64" }));
    this.#open.set(name, device);
    return device;
  }

  async #openGpu(): Promise<GpuDevice> {
    const choice = await chooseAdapter(navigator.gpu);
    const { matrixUnits = "off", ...kernels } = this.#kernels;
    const adapter = choice && await withMatrixUnits(choice, matrixUnits);
    return await GpuDevice.open(adapter && { ...adapter, ...kernels });
  }

  [Symbol.dispose](): void {
    for (const device of this.#open.values()) device[Symbol.dispose]();
  }
}

/** Checks one folder on the chosen devices; undefined when the check itself was not possible. */
async function checkFolder(
  folder: string,
  choice: readonly DeviceName[] | undefined,
  options: { readonly corpusFolder: string | undefined; readonly fp16: boolean },
  devices: OpenDevices,
): Promise<CaseErrors | undefined> {
  try {
    using golden = await GoldenCase.open(folder);
    const { id, kind, precision } = golden.record;
    const chosen = choice ??
      (precision === "float32" ? ["gpu"] as const : ["gpu", "reference64"] as const);
    const byDevice = new Map<string, Findings>();
    for (const name of needsDevice(golden) ? chosen : [undefined]) {
      const device = name && await devices.get(name);
      const startMs = performance.now();
      const onProgress = (text: string) => console.error(`${id}: ${text}`);
      const findings = await checkCase(golden, device, { ...options, onProgress });
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      byDevice.set(name ?? "", findings);
      const verdict = findings.passed ? "passed" : "FAILED";
      const { adapter, implementation } = device?.info ?? {};
      const through = implementation === undefined ? "" : ` through ${implementation}`;
      const place = adapter === undefined ? "" : ` on ${adapter}${through}`;
      console.log(`${id} ${verdict}: ${kind}${place}, ${seconds} s`);
      console.log(findings.lines().join("\n"));
    }
    return { id, kind, byDevice };
  } catch (error) {
    const told = error instanceof UnsupportedCase
      ? `unsupported: ${error.message}`
      : error instanceof Error
      ? isExpected(error) ? error.message : error.stack ?? error.message
      : String(error);
    console.log(`${folder} not passed: ${told}`);
    return undefined;
  }
}

/** Errors whose message says everything. */
function isExpected({ name, constructor }: Error): boolean {
  return ["DataError", "CheckpointError", "ConfigError", "DeviceError"]
    .some((kind) => kind === name || kind === constructor.name);
}

/** Flags with a choice of words. */
const CHOICES = {
  device: [...DEVICES, "all"],
  webgpu: WEBGPU_CHOICES,
  fp16_sums: HALF_SUMS,
  matrix_units: MATRIX_UNITS_CHOICES,
  adapter_class: ADAPTER_CLASSES,
} as const;

/**
 * Checks the folders of a command line.
 *
 * @returns exit code: 0, 1 when a folder did not pass, 2 for wrong flags
 */
export async function main(argv: readonly string[]): Promise<number> {
  const problems: string[] = [];
  const flags = parseArgs(argv, {
    string: ["data", ...Object.keys(CHOICES)],
    boolean: ["help", "fp16", "table"],
    alias: { help: "h" },
    unknown: (word, key) =>
      key === undefined || problems.push(`Cannot use flag ${word}: it is unknown`) === 0,
  });
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const chosen = <const N extends keyof typeof CHOICES>(
    flag: N,
  ): typeof CHOICES[N][number] | undefined => {
    const given = flags[flag] as string | undefined;
    const word = CHOICES[flag].find((word) => word === given);
    if (given !== undefined && word === undefined) {
      problems.push(`Cannot use --${flag} "${given}": it is unknown`);
    }
    return word;
  };
  const device = chosen("device");
  const webgpu = chosen("webgpu");
  const adapterClass = chosen("adapter_class");
  const halfSums = chosen("fp16_sums");
  const matrixUnits = chosen("matrix_units");
  const { data: corpusFolder, fp16, table } = flags;
  if (halfSums === "packed" && !fp16) {
    problems.push("Cannot use --fp16_sums packed in full precision: add --fp16, or leave it out");
  }
  if (matrixUnits === "on" && !fp16) {
    problems.push("Cannot use --matrix_units on in full precision: add --fp16, or leave it out");
  }
  const folders = flags._.map(String);
  if (problems.length > 0 || folders.length === 0) {
    for (const problem of problems) console.error(problem);
    console.error(USAGE);
    return 2;
  }
  const choice = device === "all" ? DEVICES : device && [device];
  await useWebGpu(webgpu ?? null);
  using devices = new OpenDevices({
    ...(adapterClass && { adapterClass }),
    ...(halfSums && { halfSums }),
    ...(fp16 && matrixUnits && { matrixUnits }),
  });
  const failed: string[] = [];
  const cases: CaseErrors[] = [];
  for (const folder of folders) {
    const checked = await checkFolder(folder, choice, { corpusFolder, fp16 }, devices);
    if (checked !== undefined) cases.push(checked);
    const passed = checked && [...checked.byDevice.values()].every((each) => each.passed);
    if (!passed) failed.push(folder);
  }
  if (table) console.log(errorTable(cases));
  console.log(`${folders.length - failed.length} of ${folders.length} folders passed`);
  for (const folder of failed) console.log(`  not passed: ${folder}`);
  return failed.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
