import { assertEquals, assertRejects } from "@std/assert";
import {
  add,
  chooseAdapter,
  DeviceError,
  GpuDevice,
  limitsOf,
  rangeOf,
} from "@transformer-xl/runtime";
import { skipExitHandlers } from "@transformer-xl/runtime/setup";
import { gpuTest } from "../../support/test_gpu.ts";

/** This machine's WebGPU, where an adapter opens one device, as the standard says. */
function strictGpu(): { readonly gpu: GPU; readonly opened: GPUDevice[] } {
  const opened: GPUDevice[] = [];
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = await navigator.gpu.requestAdapter(options);
    if (adapter === null) return null;
    let consumed = false;
    const { info, limits, features } = adapter;
    const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
      if (consumed) throw new DOMException("the adapter is consumed", "InvalidStateError");
      consumed = true;
      const device = await adapter.requestDevice(descriptor);
      if (descriptor?.label) opened.push(device);
      return device;
    };
    return { info, limits, features, requestDevice };
  };
  return { gpu: { requestAdapter } as unknown as GPU, opened };
}

gpuTest(
  "every device comes from an adapter of its own, and a closed one is opened again",
  async () => {
    const { gpu, opened } = strictGpu();
    skipExitHandlers();
    const choice = (await chooseAdapter(gpu))!;
    assertEquals(choice.features, (await chooseAdapter(navigator.gpu))!.features);
    for (let round = 0; round < 3; round++) {
      using device = await GpuDevice.open(choice);
      using state = device.state("memory", [4]);
      const { storage } = rangeOf(state);
      using plan = await device.plan("adding", (rec) => {
        const x = rec.input("x", [4], "f32");
        return { inputs: { x }, outputs: { y: add(rec, state, x) } };
      });
      plan.run({ x: new Float32Array(4).fill(2) });
      assertEquals((await plan.read("y")).y[0], 2, "memory begins as zeros in every round");
      device.write(storage, 0, new Float32Array(4).fill(7));
    }
    assertEquals(opened.length, 1);
    {
      using _first = await GpuDevice.open(choice);
      using second = await GpuDevice.open(choice);
      assertEquals(opened.length, 2, "a device in use is not shared");
      second.gpu.createBuffer({ label: "stray", size: 16, usage: 0 });
      await assertRejects(() => second.idle(), DeviceError, "Cannot run on ");
    }
    {
      using _third = await GpuDevice.open(choice);
      assertEquals(opened.length, 2, "the one without an error was kept");
      using _fourth = await GpuDevice.open(choice);
      assertEquals(opened.length, 3, "the one with an error was not");
    }
    opened[0]!.destroy(); // as a driver would
    using last = await GpuDevice.open(choice);
    using state = last.state("memory", [4]);
    assertEquals((await last.read([rangeOf(state)]))[0]!.length, 4);
    for (const device of opened) if (device !== last.gpu) device.destroy();
  },
);

gpuTest(
  "limitsOf() takes subgroups only where they hold the lanes that kernels exchange",
  async () => {
    const choice = { ...(await chooseAdapter(navigator.gpu))!, features: ["subgroups"] };
    const limits = {
      maxStorageBufferBindingSize: 1000,
      maxBufferSize: 2000,
      maxComputeWorkgroupsPerDimension: 9,
    } as GPUSupportedLimits;
    for (const [subgroupMinSize, subgroups] of [[4, false], [8, true], [32, true]] as const) {
      const adapter = { info: { subgroupMinSize } } as GPUAdapter;
      assertEquals(limitsOf({ ...choice, adapter }, limits), {
        adapterClass: choice.adapterClass,
        subgroups,
        maxBindingBytes: 768,
        maxBufferBytes: 1792,
        maxWorkgroups: 9,
      });
    }
  },
);
