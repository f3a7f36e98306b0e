/**
 * `deno task golden FOLDER...`: a comparison with numbers of the PyTorch reference.
 *
 * @module
 */
import {
  type Device,
  GpuDevice,
  ReferenceDevice,
  useWebGpu,
  WEBGPU_CHOICES,
} from "@transformer-xl/runtime";
import { parseArgs } from "@std/cli";
import { checkCase, needsDevice } from "./runner/check_case.ts";
import { type CaseErrors, errorTable } from "./runner/error_table.ts";
import type { Findings } from "./runner/findings.ts";
import { GoldenCase, UnsupportedCase } from "./runner/golden_case.ts";

const USAGE =
  `Usage: deno task golden [--device gpu|cpu|reference64|all] [--webgpu deno|dawn|auto] [--data DIR]
         [--fp16] [--table] FOLDER...

Checks folders of golden numbers (case.json, tensors.safetensors) and prints the worst error per kind
of tensor, relative to the largest value of each tensor. Exit code 1 when a folder did not pass.

  --device NAME  gpu: the adapter; cpu: plain loops in float32; reference64: plain loops in float64;
                 all: the three. Default: gpu and reference64; only gpu for float32 cases
  --webgpu NAME  deno: Deno's own WebGPU; dawn: that of the npm package webgpu; auto: dawn where deno
                 finds no adapter. Default: TXL_WEBGPU, else deno
  --data DIR     Folder of wiki.{train,valid,test}.tokens, for trajectories that store no text
  --fp16         Train trajectories in half precision: losses within 2 %, validation within 1 %
  --table        Print a Markdown table of the worst errors at the end
  --help         This text
`;

const DEVICES = ["gpu", "cpu", "reference64"] as const;
type DeviceName = (typeof DEVICES)[number];

/** Devices by name, opened when first needed. */
class OpenDevices implements Disposable {
  readonly #open = new Map<DeviceName, Device>();

  async get(name: DeviceName): Promise<Device> {
    const device = this.#open.get(name) ??
      (name === "gpu"
        ? await GpuDevice.open()
        : new ReferenceDevice({ precision: name === "cpu" ? "f32" : "f64" }));
    this.#open.set(name, device);
    return device;
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

async function main(argv: readonly string[]): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs(argv, {
    string: ["device", "webgpu", "data"],
    boolean: ["help", "fp16", "table"],
    alias: { help: "h" },
    unknown: (word, key) => key === undefined || unknown.push(word) === 0,
  });
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const { device, webgpu, data: corpusFolder, fp16, table } = flags;
  const folders = flags._.map(String);
  const choice = device === undefined
    ? undefined
    : device === "all"
    ? DEVICES
    : DEVICES.filter((name) => name === device);
  const implementation = WEBGPU_CHOICES.find((name) => name === webgpu);
  const isUnknownGpu = webgpu !== undefined && implementation === undefined;
  if (unknown.length > 0 || folders.length === 0 || choice?.length === 0 || isUnknownGpu) {
    if (unknown.length > 0) console.error(`Cannot use flag ${unknown.join(", ")}: it is unknown`);
    if (choice?.length === 0) console.error(`Cannot use --device "${device}": it is unknown`);
    if (isUnknownGpu) console.error(`Cannot use --webgpu "${webgpu}": it is unknown`);
    console.error(USAGE);
    return 2;
  }
  await useWebGpu(implementation ?? null);
  using devices = new OpenDevices();
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
