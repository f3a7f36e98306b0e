/**
 * Vulkan adapters with properties that WebGPU lacks: PCI address, driver version, memory. They come
 * from the Vulkan loader through FFI; the offsets are those of the C structures in vulkan_core.h on
 * 64-bit systems.
 *
 * @module
 */

/** One physical device. */
export interface VulkanAdapter {
  /** Name, as the driver gives it; equals the WebGPU description. */
  readonly name: string;
  /** Kind of device. */
  readonly kind: "other" | "integrated" | "discrete" | "virtual" | "cpu";
  /** PCI vendor number. */
  readonly vendor: number;
  /** PCI device number. */
  readonly device: number;
  /** Address such as "0000:4e:00.0", if the device sits on a PCI bus. */
  readonly pciAddress: string | undefined;
  /** Driver name and version in words, such as "llvmpipe, Mesa 25.0.7 (LLVM 15.0.6)". */
  readonly driver: string;
  /** Vulkan version the driver offers, such as "1.4.305". */
  readonly vulkanVersion: string;
  /** Bytes of the largest heap that belongs to the device. */
  readonly memoryBytes: number;
}

const KINDS = ["other", "integrated", "discrete", "virtual", "cpu"] as const;
const LOADERS: Readonly<Record<string, string>> = {
  linux: "libvulkan.so.1",
  windows: "vulkan-1.dll",
};

const SYMBOLS = {
  vkCreateInstance: { parameters: ["buffer", "pointer", "buffer"], result: "i32" },
  vkDestroyInstance: { parameters: ["pointer", "pointer"], result: "void" },
  vkEnumeratePhysicalDevices: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  vkGetPhysicalDeviceProperties2: { parameters: ["pointer", "buffer"], result: "void" },
  vkGetPhysicalDeviceMemoryProperties: { parameters: ["pointer", "buffer"], result: "void" },
} as const;

type Loader = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

const STRUCTURE = {
  instanceCreateInfo: 1,
  properties2: 1000059001,
  pciBusInfo: 1000212000,
  driverProperties: 1000196000,
} as const;

/**
 * The adapters of the machine in the order of the Vulkan loader: by PCI address on Linux. Empty
 * without a Vulkan loader (macOS has Metal) or driver. Needs `--allow-ffi`.
 */
export function vulkanAdapters(): readonly VulkanAdapter[] {
  const path = LOADERS[Deno.build.os];
  if (path === undefined) return [];
  let library: Deno.DynamicLibrary<typeof SYMBOLS>;
  try {
    library = Deno.dlopen(path, SYMBOLS);
  } catch {
    return []; // no loader, so no adapters
  }
  try {
    return enumerate(library.symbols);
  } finally {
    library.close();
  }
}

function enumerate(loader: Loader): VulkanAdapter[] {
  const application = view(48);
  application.setUint32(44, (1 << 22) | (1 << 12), true); // apiVersion 1.1: properties2 is core
  const create = view(64);
  create.setUint32(0, STRUCTURE.instanceCreateInfo, true);
  create.setBigUint64(24, addressOf(application), true);
  const handle = new BigUint64Array(1);
  if (loader.vkCreateInstance(bytesOf(create), null, handle) !== 0) return [];
  const instance = Deno.UnsafePointer.create(handle[0]!);
  try {
    const count = new Uint32Array(1);
    loader.vkEnumeratePhysicalDevices(instance, count, null);
    const devices = new BigUint64Array(count[0]!);
    loader.vkEnumeratePhysicalDevices(instance, count, devices);
    return [...devices].map((device) => describe(loader, Deno.UnsafePointer.create(device)));
  } finally {
    loader.vkDestroyInstance(instance, null);
  }
}

function describe(loader: Loader, device: Deno.PointerValue): VulkanAdapter {
  const pci = view(32);
  pci.setUint32(0, STRUCTURE.pciBusInfo, true);
  const driver = view(536);
  driver.setUint32(0, STRUCTURE.driverProperties, true);
  driver.setBigUint64(8, addressOf(pci), true);
  const properties = view(16 + 824);
  properties.setUint32(0, STRUCTURE.properties2, true);
  properties.setBigUint64(8, addressOf(driver), true);
  loader.vkGetPhysicalDeviceProperties2(device, bytesOf(properties));
  const version = properties.getUint32(16, true);
  return {
    name: text(properties, 16 + 20),
    kind: KINDS[properties.getUint32(16 + 16, true)] ?? "other",
    vendor: properties.getUint32(16 + 8, true),
    device: properties.getUint32(16 + 12, true),
    pciAddress: pciAddress(pci),
    driver: [text(driver, 20), text(driver, 276)].filter((part) => part !== "").join(", "),
    vulkanVersion: `${(version >> 22) & 127}.${(version >> 12) & 1023}.${version & 4095}`,
    memoryBytes: largestHeap(loader, device),
  };
}

/** A driver that does not know its address leaves zeros. */
function pciAddress(pci: DataView): string | undefined {
  const [domain, bus, slot, part] = [16, 20, 24, 28].map((at) => pci.getUint32(at, true));
  if (domain === 0 && bus === 0 && slot === 0 && part === 0) return undefined;
  const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, "0");
  return `${hex(domain!, 4)}:${hex(bus!, 2)}:${hex(slot!, 2)}.${part!.toString(16)}`;
}

function largestHeap(loader: Loader, device: Deno.PointerValue): number {
  const memory = view(520);
  loader.vkGetPhysicalDeviceMemoryProperties(device, bytesOf(memory));
  let largestBytes = 0;
  for (let heap = 0; heap < memory.getUint32(260, true); heap++) {
    const isDeviceLocal = (memory.getUint32(264 + 16 * heap + 8, true) & 1) !== 0;
    const heapBytes = Number(memory.getBigUint64(264 + 16 * heap, true));
    if (isDeviceLocal) largestBytes = Math.max(largestBytes, heapBytes);
  }
  return largestBytes;
}

function view(byteLength: number): DataView<ArrayBuffer> {
  return new DataView(new ArrayBuffer(byteLength));
}

function bytesOf(structure: DataView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(structure.buffer);
}

function addressOf(structure: DataView<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(structure));
}

function text(structure: DataView<ArrayBuffer>, at: number): string {
  const bytes = new Uint8Array(structure.buffer, at, 256);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
