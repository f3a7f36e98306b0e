import { REMEDIES } from "@transformer-xl/model";
import {
  assignGpus,
  ConfigError,
  DeviceError,
  type ListedAdapter,
  remedySentence,
  selectGpu,
} from "@transformer-xl/runtime";
import { assertEquals, assertThrows } from "@std/assert";

const gpu = (name: string, pciAddress: string, kind: ListedAdapter["kind"] = "discrete") => ({
  name,
  kind,
  pciAddress,
});
const FIRST = gpu("Card", "0000:1b:00.0");
const SECOND = gpu("Card", "0000:3d:00.0");
const WEAK = gpu("Chip", "0000:00:02.0", "integrated");
const SOFTWARE: ListedAdapter = { name: "llvmpipe", kind: "cpu", pciAddress: undefined };

Deno.test("GPUs are assigned best kind first, and shared in turn", () => {
  const rows: readonly [
    adapters: readonly ListedAdapter[],
    wanted: number | "all",
    oversubscribe: boolean,
    expected: readonly (ListedAdapter | undefined)[],
  ][] = [
    [[WEAK, FIRST, SECOND, SOFTWARE], 1, false, [FIRST]],
    [[WEAK, FIRST, SECOND, SOFTWARE], 3, false, [FIRST, SECOND, WEAK]],
    [[WEAK, FIRST, SECOND, SOFTWARE], "all", false, [FIRST, SECOND]],
    [[WEAK, SOFTWARE], "all", true, [WEAK]],
    [[FIRST, SECOND], 3, true, [FIRST, SECOND, FIRST]],
    [[FIRST, SECOND], 1, true, [FIRST]],
    [[FIRST, SOFTWARE], 2, true, [FIRST, FIRST]],
    [[SOFTWARE], 2, true, [SOFTWARE, SOFTWARE]],
    [[], 2, true, [undefined, undefined]],
  ];
  for (const [adapters, wanted, oversubscribe, expected] of rows) {
    assertEquals(assignGpus({ adapters, wanted, oversubscribe }), expected);
  }
});

Deno.test("wanting more GPUs than there are lists them and names the remedy", () => {
  const rows: readonly [readonly ListedAdapter[], number | "all", boolean, string][] = [
    [
      [FIRST, SECOND, SOFTWARE],
      4,
      false,
      'Cannot use 4 GPUs: this machine has 2 ("Card" at PCI 0000:1b:00.0, "Card" at PCI ' +
      "0000:3d:00.0); use --gpus all, or --oversubscribe to run several processes on one adapter",
    ],
    [
      [SOFTWARE],
      1,
      false,
      'Cannot use 1 GPU: this machine has none, only the software driver "llvmpipe"; ' +
      "use --oversubscribe to run several processes on one adapter",
    ],
    [
      [SOFTWARE],
      "all",
      true,
      'Cannot use all GPUs: this machine has none, only the software driver "llvmpipe"; ' +
      "leave --gpus out, or give a number and --oversubscribe",
    ],
    [
      [],
      "all",
      false,
      "Cannot use all GPUs: this machine has none, no driver answers; " +
      "leave --gpus out, or give a number and --oversubscribe",
    ],
  ];
  for (const [adapters, wanted, oversubscribe, message] of rows) {
    const request = { adapters, wanted, oversubscribe };
    const error = assertThrows(() => assignGpus(request), ConfigError);
    assertEquals(remedySentence(error, REMEDIES), message);
  }
});

/** Runs `body` and puts DRI_PRIME back. */
function keepingDriPrime(body: () => void): void {
  const before = Deno.env.get("DRI_PRIME");
  Deno.env.delete("DRI_PRIME");
  try {
    body();
  } finally {
    if (before === undefined) Deno.env.delete("DRI_PRIME");
    else Deno.env.set("DRI_PRIME", before);
  }
}

Deno.test("a GPU is selected by its PCI address, and nothing is set where it comes first anyway", () => {
  const loader = () =>
    [FIRST, SECOND].filter(({ pciAddress }) => {
      const place = /^pci-(\w+)!$/.exec(Deno.env.get("DRI_PRIME") ?? "")?.[1];
      return place === undefined || pciAddress.replaceAll(/[:.]/g, "_") === place;
    });
  keepingDriPrime(() => {
    selectGpu(FIRST, loader);
    assertEquals(Deno.env.get("DRI_PRIME"), undefined);
    selectGpu(SECOND, loader);
    assertEquals(Deno.env.get("DRI_PRIME"), "pci-0000_3d_00_0!");
  });
});

Deno.test("a loader that ignores the selection is an error with the remedy", () => {
  keepingDriPrime(() => {
    const error = assertThrows(() => selectGpu(SECOND, () => [FIRST, SECOND]), DeviceError);
    assertEquals(
      error.message,
      'Cannot open "Card" at PCI 0000:3d:00.0: the Vulkan loader answers with "Card" at PCI ' +
        "0000:1b:00.0 first; choosing one of several GPUs needs Mesa's device selection layer " +
        "(mesa-vulkan-drivers >= 23, without NODEVICE_SELECT=1), or a container per GPU",
    );
  });
});
