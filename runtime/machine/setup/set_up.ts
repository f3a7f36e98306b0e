/**
 * Setup of a machine: a usable adapter is left alone; a missing or outdated software driver is
 * installed if that is possible without asking; otherwise the commands to run are printed.
 *
 * @module
 */
import { aptCommands, aptQuestion, installWithApt } from "./apt_driver.ts";
import type { Machine } from "./machine.ts";

/**
 * Finds a usable adapter, or installs Mesa's software Vulkan driver and looks again.
 *
 * @param machine the machine, {@link thisMachine} outside of tests
 * @param print prints a line
 * @param agrees called once before anything is changed; agrees by default
 * @returns whether an adapter can be used now
 */
export async function setUp(
  machine: Machine,
  print: (line: string) => void,
  agrees: (question: string) => boolean = () => true,
): Promise<boolean> {
  const before = await machine.probe();
  if (before.problem === undefined) {
    print(`Adapter "${before.adapter}" is ready`);
    return true;
  }
  print(before.problem.replace("; run `deno task setup`", ""));
  if (machine.os !== "linux" || !machine.has("apt-get") || !machine.root) {
    print(`Run: ${driverCommand(machine)}`);
    return false;
  }
  if (!agrees(aptQuestion(machine))) {
    print(`Nothing was changed. To install it by hand, run: ${aptCommands(machine)}`);
    return false;
  }
  const obstacle = await installWithApt(machine, print);
  if (obstacle !== undefined) {
    print(`${obstacle}; install a Vulkan driver by hand, or train on the CPU`);
    return false;
  }
  const after = await machine.probe();
  if (after.problem !== undefined) {
    print(
      `${after.problem.split(";")[0]}, although the driver is installed; run \`deno task doctor\``,
    );
    return false;
  }
  print(`Adapter "${after.adapter}" is ready`);
  return true;
}

const BY_PACKAGE_MANAGER: readonly (readonly [manager: string, command: string])[] = [
  ["dnf", "sudo dnf install --refresh -y vulkan-loader mesa-vulkan-drivers"],
  ["pacman", "sudo pacman -Syu --needed vulkan-icd-loader vulkan-swrast"],
  ["zypper", "sudo zypper install -y libvulkan1 libvulkan_lvp"],
  ["apk", "sudo apk add --upgrade vulkan-loader mesa-vulkan-swrast"],
];

/** The command or advice that installs a Vulkan driver on this machine. */
export function driverCommand(machine: Machine): string {
  if (machine.os === "darwin") {
    return "softwareupdate --install --all (Metal is part of macOS; a virtual machine may hide the GPU)";
  }
  if (machine.os === "windows") {
    return "winget upgrade --all, then install your GPU vendor's driver (Direct3D 12 or Vulkan)";
  }
  if (machine.has("apt-get")) return aptCommands(machine);
  const known = BY_PACKAGE_MANAGER.find(([manager]) => machine.has(manager));
  return known?.[1] ??
    "your package manager to install the Vulkan loader and Mesa's Vulkan drivers, version 25 or newer";
}
