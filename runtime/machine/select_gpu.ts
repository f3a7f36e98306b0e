/**
 * Assignment of GPUs to the ranks of a machine. WebGPU only offers a default adapter, so the Vulkan
 * loader is configured to show a rank its own GPU only.
 *
 * @module
 */
import { ConfigError, DeviceError } from "../base/errors.ts";
import { type VulkanAdapter, vulkanAdapters } from "./vulkan_adapters.ts";

/** Properties that identify an adapter. */
export type ListedAdapter = Pick<VulkanAdapter, "name" | "kind" | "pciAddress">;

/** A request for GPUs of a machine. */
export interface GpuRequest {
  /** Adapters of the machine, as {@link listAdapters} gives them. */
  readonly adapters: readonly ListedAdapter[];
  /** Number of GPUs, one per process; `all` takes every GPU of the best kind. */
  readonly wanted: number | "all";
  /** Whether processes may share an adapter, or a software driver without a GPU. */
  readonly oversubscribe: boolean;
}

/** WebGPU's order for `high-performance`; within a kind the loader's order holds. */
const BEST_FIRST = ["discrete", "integrated", "other", "virtual", "cpu"] as const;

/**
 * Adapters of this machine, best kind first, software drivers last. On macOS, where Vulkan lists
 * none, the one that WebGPU offers. A card with two drivers appears once. Needs `--allow-ffi`.
 */
export async function listAdapters(): Promise<readonly ListedAdapter[]> {
  if (Deno.build.os === "darwin") return await metalAdapters();
  const seen = new Set<string>();
  return sortBestFirst(vulkanAdapters()).filter(({ pciAddress }) => {
    if (pciAddress === undefined) return true;
    const isNew = !seen.has(pciAddress);
    seen.add(pciAddress);
    return isNew;
  });
}

async function metalAdapters(): Promise<readonly ListedAdapter[]> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return [];
  const { description, device } = adapter.info;
  return [{ name: description || device || "GPU", kind: "integrated", pciAddress: undefined }];
}

/**
 * The adapter of each process of this machine, by local rank. Undefined means no adapter, which is
 * only allowed with oversubscription.
 *
 * @throws {ConfigError} when there are fewer GPUs than requested
 * @example
 * ```ts
 * import { assignGpus, type ListedAdapter } from "@transformer-xl/runtime";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const card = { name: "A", kind: "discrete", pciAddress: "0000:1b:00.0" } as const;
 * const adapters: ListedAdapter[] = [card, { ...card, pciAddress: "0000:3d:00.0" }];
 * const assigned = assignGpus({ adapters, wanted: "all", oversubscribe: false });
 * assertEquals(assigned.map((adapter) => adapter?.pciAddress), ["0000:1b:00.0", "0000:3d:00.0"]);
 * assertThrows(() => assignGpus({ adapters, wanted: 3, oversubscribe: false }));
 * ```
 */
export function assignGpus(
  { adapters, wanted, oversubscribe }: GpuRequest,
): readonly (ListedAdapter | undefined)[] {
  const gpus = sortBestFirst(adapters).filter(({ kind }) => kind !== "cpu");
  if (wanted === "all") {
    if (gpus.length > 0) return gpus.filter(({ kind }) => kind === gpus[0]!.kind);
    throw new ConfigError(
      `Cannot use all GPUs: ${machineHas(gpus, adapters)}`,
      { need: "a number of processes" },
    );
  }
  if (!oversubscribe && wanted > gpus.length) {
    throw new ConfigError(
      `Cannot use ${wanted} ${wanted === 1 ? "GPU" : "GPUs"}: ${machineHas(gpus, adapters)}`,
      { need: gpus.length > 0 ? "fewer processes, or a shared GPU" : "a shared GPU" },
    );
  }
  const shared = gpus.length > 0 ? gpus : adapters;
  return Array.from({ length: wanted }, (_, localRank) => shared[localRank % shared.length]);
}

function machineHas(gpus: readonly ListedAdapter[], adapters: readonly ListedAdapter[]): string {
  if (gpus.length > 0) return `this machine has ${gpus.length} (${gpus.map(describe).join(", ")})`;
  const software = adapters.map(({ name }) => `"${name}"`).join(", ");
  return software === ""
    ? "this machine has none, no driver answers"
    : `this machine has none, only the software driver ${software}`;
}

function describe({ name, pciAddress }: ListedAdapter): string {
  return pciAddress === undefined ? `"${name}"` : `"${name}" at PCI ${pciAddress}`;
}

/**
 * Makes `adapter` the one that WebGPU offers to this process. Call it before the first
 * `requestAdapter`. It sets `DRI_PRIME`, which Mesa's device selection layer obeys over the driver
 * of any vendor, and checks that the loader then answers with that adapter. If the adapter is the
 * default anyway, nothing is set.
 *
 * @param list adapters as the Vulkan loader sees them now
 * @throws {DeviceError} when the loader still returns another adapter
 */
export function selectGpu(
  adapter: ListedAdapter,
  list: () => readonly ListedAdapter[] = vulkanAdapters,
): void {
  if (isOffered(adapter, list())) return;
  if (adapter.pciAddress !== undefined) {
    const place = adapter.pciAddress.replaceAll(/[:.]/g, "_");
    Deno.env.set("DRI_PRIME", `pci-${place}!`); // the mark hides all other adapters
    if (isOffered(adapter, list())) return;
  }
  throw new DeviceError(
    "unsupported",
    `Cannot open ${describe(adapter)}: the Vulkan loader answers with ` +
      `${offered(list()).map(describe).join("") || "no adapter"} first; ` +
      "choosing one of several GPUs needs Mesa's device selection layer " +
      "(mesa-vulkan-drivers >= 23, without NODEVICE_SELECT=1), or a container per GPU",
  );
}

/** Metal and machines without a loader list nothing, and have one adapter at most. */
function isOffered(adapter: ListedAdapter, listed: readonly ListedAdapter[]): boolean {
  const [first] = offered(listed);
  if (first === undefined) return Deno.build.os === "darwin";
  return first.name === adapter.name && first.pciAddress === adapter.pciAddress;
}

function offered(listed: readonly ListedAdapter[]): readonly ListedAdapter[] {
  return sortBestFirst(listed).slice(0, 1);
}

function sortBestFirst<T extends ListedAdapter>(adapters: readonly T[]): T[] {
  return adapters.toSorted((a, b) => BEST_FIRST.indexOf(a.kind) - BEST_FIRST.indexOf(b.kind));
}
