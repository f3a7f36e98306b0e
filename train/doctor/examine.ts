/**
 * The report of `deno task doctor`, line by line. Everything is tested: features by requesting
 * them, the driver by running a long loop, reading by writing first.
 *
 * @module
 */
import { REMEDIES } from "@transformer-xl/model";
import {
  type AdapterChoice,
  checkDriver,
  chooseAdapter,
  countLoopIterations,
  type DeviceLimits,
  findMatrixUnits,
  formatBytes,
  grantsFeature,
  isUserError,
  limitsOf,
  LOOP_TEST_ITERATIONS,
  measureSpeeds,
  messageOf,
  offersHardware,
  openDevice,
  Readback,
  remedySentence,
  requestDevice,
  REQUESTED_LIMITS,
} from "@transformer-xl/runtime";
import {
  DAWN_PACKAGE,
  loadDawn,
  type VulkanAdapter,
  vulkanAdapters,
} from "@transformer-xl/runtime/setup";
import { fitReport, type MemoryNeed } from "./fit.ts";
import { productFlopsPerSecond } from "./product_speed.ts";

/** What runs take on a device with these limits. */
export type Needs = (limits: DeviceLimits, memoryBytes: number) => Promise<readonly MemoryNeed[]>;

const NO_RUNS: Needs = () => Promise.resolve([]);

/** Prints one line of the report: subject and result. */
export type Print = (subject: string, finding: string) => void;

/** Reported features beyond those that the kernels use. */
const FEATURES = [
  "subgroups",
  "shader-f16",
  "timestamp-query",
  "wgpu-shader-f64",
  "wgpu-mappable-primary-buffers",
] as const;

/**
 * Examines Deno, the CPU, every adapter, and the selected one of Deno's own WebGPU; then that of Dawn,
 * unless it would have to be downloaded. Runs are reported for the device that is the default.
 *
 * @param print takes the report line by line
 * @param needs the runs to report
 * @returns whether every adapter that answers is fit, or none does
 */
export async function examine(print: Print, needs: Needs): Promise<boolean> {
  const { deno, v8, typescript } = Deno.version;
  print("Deno", `${deno} (V8 ${v8}, TypeScript ${typescript}, ${Deno.build.target})`);
  const listed = vulkanAdapters();
  listed.forEach((adapter, index) => describeListed(print, index, adapter));
  const hasGpu = await offersHardware(navigator.gpu);
  print("Default", hasGpu ? "the GPU" : "the CPU, as no GPU answers");
  await examineCpu(print, hasGpu ? NO_RUNS : needs);
  const isFit = await examineWebGpu(navigator.gpu, listed, print, hasGpu ? needs : NO_RUNS);
  let dawn: GPU;
  try {
    dawn = await loadDawn({ mayDownload: false });
  } catch (error) {
    if (!isUserError(error)) throw error;
    print("Dawn", `not loaded; the first run with it downloads ${DAWN_PACKAGE}`);
    return isFit;
  }
  print("", "");
  print("Dawn", DAWN_PACKAGE);
  return await examineWebGpu(dawn, listed, print, NO_RUNS) && isFit; // the same presets fit there
}

/** Measures products on all threads. */
async function examineCpu(print: Print, needs: Needs): Promise<void> {
  using device = await openDevice("cpu", () => {});
  const { available, total } = Deno.systemMemoryInfo();
  print("Host memory", `${formatBytes(available)} of ${formatBytes(total)} available`);
  const speed = await productFlopsPerSecond(device);
  print(
    "CPU",
    `${navigator.hardwareConcurrency} threads, products at ${
      (speed / 1e9).toFixed(1)
    } GFLOP/s in f32`,
  );
  for (const line of fitReport(await needs(device.limits, available), available)) {
    print("Preset", line);
  }
}

/** Examines the selected adapter of an implementation. */
async function examineWebGpu(
  gpu: GPU,
  listed: readonly VulkanAdapter[],
  print: Print,
  needs: Needs,
): Promise<boolean> {
  const choice = await chooseAdapter(gpu);
  if (choice === undefined) {
    print("Adapter", `none answers: ${REMEDIES["a graphics driver, or no GPU"]}`);
    return true;
  }
  const known = listed.find(({ name }) => name === choice.name);
  print("Chosen", `${choice.name} (${choice.software ? "software" : choice.adapterClass})`);
  if (known !== undefined) print("Driver", `${known.driver}, Vulkan ${known.vulkanVersion}`);
  print("Features", (await grantedFeatures(choice)).join(", ") || "none of the requested ones");
  print("Matrix units", await matrixUnitsText(choice));
  for (const limit of REQUESTED_LIMITS) print("Limit", `${limit} ${choice.adapter.limits[limit]}`);
  try {
    return await examineDevice(print, choice, known, needs);
  } catch (error) {
    if (!isUserError(error)) throw error;
    print("Unfit", remedySentence(error, REMEDIES));
    return false;
  }
}

function describeListed(print: Print, index: number, adapter: VulkanAdapter): void {
  const { name, kind, vendor, device, pciAddress, memoryBytes } = adapter;
  const [vendorId, deviceId] = [vendor, device].map((id) => id.toString(16).padStart(4, "0"));
  const place = pciAddress === undefined ? "not on a PCI bus" : `PCI ${pciAddress}`;
  print(
    `Adapter ${index}`,
    `${name}, ${kind}, id ${vendorId}:${deviceId}, ${place}, ${formatBytes(memoryBytes)}`,
  );
}

/** Detected by requesting them, since `adapter.features` hides some that are granted. */
async function grantedFeatures(choice: AdapterChoice): Promise<readonly string[]> {
  const granted: string[] = [];
  for (const feature of FEATURES) {
    if (await grantsFeature(choice.gpu, feature)) granted.push(feature);
  }
  return granted;
}

/** Sizes of one product of the units, and of the subgroups that multiply with them. */
async function matrixUnitsText(choice: AdapterChoice): Promise<string> {
  const units = (await findMatrixUnits(choice))?.matrixUnits;
  if (units === undefined) return "none";
  return `${units.M}x${units.N}x${units.K}, float16 into float32 sums, subgroups of ${units.lanes}`;
}

async function examineDevice(
  print: Print,
  choice: AdapterChoice,
  known: VulkanAdapter | undefined,
  needs: Needs,
): Promise<boolean> {
  const gpu = await requestDevice(choice);
  gpu.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    print("Error", messageOf((event as GPUUncapturedErrorEvent).error));
  });
  try {
    using readback = await Readback.open(gpu);
    print("Readback", `passed, ${readback.synchronous ? "without" : "with"} the wait of mapAsync`);
    const startMs = performance.now();
    const iterations = await countLoopIterations(gpu, readback);
    const elapsedMs = performance.now() - startMs;
    checkDriver(choice.name, iterations);
    print("Loop", `passed, ${iterations} of ${LOOP_TEST_ITERATIONS} in ${elapsedMs.toFixed(1)} ms`);
    const memoryBytes = describeMemory(print, choice, known);
    const speeds = await measureSpeeds(gpu, readback, choice.software);
    print("Copy", `${(speeds.copyBytesPerSecond / 1e9).toFixed(1)} GB/s, read plus written`);
    print("Multiply-add", `${(speeds.flopsPerSecond / 1e9).toFixed(1)} GFLOP/s in f32`);
    const runs = await needs(limitsOf(choice, gpu.limits), memoryBytes);
    for (const line of fitReport(runs, memoryBytes)) print("Preset", line);
    return true;
  } finally {
    gpu.destroy();
  }
}

/**
 * A software adapter uses the machine's memory, which is also assumed if the driver reports none.
 */
function describeMemory(
  print: Print,
  choice: AdapterChoice,
  known: VulkanAdapter | undefined,
): number {
  if (choice.software || known === undefined) return Deno.systemMemoryInfo().available;
  print("GPU memory", formatBytes(known.memoryBytes));
  return known.memoryBytes;
}
