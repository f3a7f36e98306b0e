/**
 * A software driver with matrix units beside the system: Mesa and the libraries it needs, from a newer
 * suite of the Debian archive that apt already trusts, unpacked to a folder. A script runs programs
 * with these libraries laid over those of the system, which other programs do not see.
 *
 * Variables alone would not do: the driver needs a newer C library than the system has, and a program
 * is bound to one C library by its loader.
 *
 * @module
 */
import { ConfigError, quoted } from "@transformer-xl/runtime";
import {
  archiveOf,
  type Machine,
  readAptSources,
  releaseCodename,
  suiteStanza,
} from "@transformer-xl/runtime/setup";

/** The driver and the loader that finds it; apt adds the libraries. */
const PACKAGES = ["mesa-vulkan-drivers", "libvulkan1"] as const;

const COMMANDS = ["apt-get", "dpkg-deb", "unshare", "mount"] as const;

/** An unpacked driver. */
export interface UnpackedDriver {
  /** Starts a program with it. */
  readonly run: string;
  /** What the script sets. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Downloads and unpacks the driver, unless the folder has it.
 *
 * @param to absolute path of the folder
 * @throws {ConfigError} when this system has no such archive or programs, the folder is in use, or a
 * command fails
 */
export async function unpackDriver(
  machine: Machine,
  { to, suite }: { readonly to: string; readonly suite: string },
  print: (line: string) => void,
): Promise<UnpackedDriver> {
  const driver = describeDriver(to);
  if (machine.list(to).includes("run")) {
    print(`${to} has a driver already`);
    return driver;
  }
  const stanza = stanzaOf(machine, suite);
  checkFolder(machine, to);
  try {
    const packages = await unpack(machine, `${to}/apt`, `${to}/root`, { stanza, suite }, print);
    machine.write(driver.run, runScript(to, driver.variables)); // last: its presence says complete
    Deno.chmodSync(driver.run, 0o755);
    const mesa = packages.find((name) => name.startsWith(PACKAGES[0]));
    print(
      `Unpacked ${packages.length} packages to ${to}, among them ${mesa}; the system is unchanged`,
    );
    return driver;
  } catch (error) {
    for (const part of ["root", "run"]) removeIfThere(`${to}/${part}`);
    throw error;
  } finally {
    removeIfThere(`${to}/apt`);
    if (machine.list(to).length === 0) removeIfThere(to);
  }
}

/** Downloads with a configuration of apt in one folder, and unpacks to another. */
async function unpack(
  machine: Machine,
  apt: string,
  root: string,
  { stanza, suite }: { readonly stanza: string; readonly suite: string },
  print: (line: string) => void,
): Promise<readonly string[]> {
  for (const folder of [`${apt}/lists/partial`, `${apt}/cache/archives/partial`, root]) {
    Deno.mkdirSync(folder, { recursive: true });
  }
  machine.write(`${apt}/suite.sources`, stanza);
  machine.write(`${apt}/status`, ""); // nothing is installed, so that every library comes along
  const command = ["apt-get", ...aptOptions(apt)];
  print(`Downloading ${PACKAGES.join(" and ")} of ${suite}, about 80 MB`);
  await succeed(machine, [...command, "update", "-qq"]);
  await succeed(machine, [
    ...command,
    ...["install", "-qq", "-y", "--download-only", "--no-install-recommends", ...PACKAGES],
  ]);
  const archives = machine.list(`${apt}/cache/archives`).filter((name) => name.endsWith(".deb"));
  for (const name of archives) {
    await succeed(machine, ["dpkg-deb", "-x", `${apt}/cache/archives/${name}`, root]);
  }
  return archives;
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function describeDriver(to: string): UnpackedDriver {
  return {
    run: `${to}/run`,
    variables: {
      VK_DRIVER_FILES: `${to}/root/usr/share/vulkan/icd.d/lvp_icd.json`,
      TXL_WEBGPU: "dawn",
    },
  };
}

/** The stanza of the suite in the archive of this Debian. */
function stanzaOf(machine: Machine, suite: string): string {
  const missing = COMMANDS.filter((command) => !machine.has(command));
  if (machine.os !== "linux" || missing.length > 0) {
    throw new ConfigError(
      `Cannot unpack a driver: this system has no ${
        missing.join(", ") || "Linux"
      }; use a Debian system`,
    );
  }
  const codename = releaseCodename(machine);
  const isDebian = /^ID="?debian"?$/m.test(machine.read("/etc/os-release") ?? "");
  const archive = codename && isDebian ? archiveOf(readAptSources(machine), codename) : undefined;
  if (archive !== undefined) return suiteStanza(archive, suite);
  throw new ConfigError(
    `Cannot unpack a driver: no source of apt serves Debian's ${suite}; use a Debian system`,
  );
}

/** Characters that paths in options of mounts and in the script cannot have. */
const SPECIAL = /[:,'"\\$`\s]/;

function checkFolder(machine: Machine, to: string): void {
  const names = machine.list(to);
  const isOwn = names.every((name) => ["apt", "root"].includes(name)); // what a killed run left
  if (isOwn && !SPECIAL.test(to)) return;
  throw new ConfigError(
    `Cannot unpack a driver to ${quoted(to)}: ${
      isOwn ? "mounts cannot name it" : "it holds other files"
    }; give another folder with --to`,
  );
}

/** A configuration of apt of its own, that shares nothing with the system's but the keys. */
function aptOptions(folder: string): string[] {
  return [
    `Dir::Etc::SourceList=${folder}/suite.sources`,
    "Dir::Etc::SourceParts=/dev/null",
    `Dir::State::Lists=${folder}/lists`,
    `Dir::State::Status=${folder}/status`,
    `Dir::Cache=${folder}/cache`,
    "APT::Sandbox::User=root",
    "APT::Keep-Downloaded-Packages=true",
    "Debug::NoLocking=1",
    "Acquire::Retries=3",
  ].flatMap((option) => ["-o", option]);
}

async function succeed(machine: Machine, command: readonly string[]): Promise<void> {
  const { code, output } = await machine.run(command);
  if (code === 0) return;
  throw new ConfigError(
    `Cannot unpack a driver: ${command[0]} ended with code ${code}: ` +
      `${output.trim().split("\n").at(-1)!.replace(/\.$/, "")}; see whether apt-get update works`,
  );
}

/**
 * The script that starts a program in a mount namespace of its own. Its libraries lie over those of the
 * system as one folder, so that the program, its loader and the programs it starts are of one kind.
 */
function runScript(to: string, variables: UnpackedDriver["variables"]): string {
  const libraries = `/usr/lib/${Deno.build.arch}-linux-gnu`;
  return [
    "#!/bin/sh",
    "# Runs a program with the Vulkan driver of this folder: run PROGRAM ARGUMENTS...",
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${value}`),
    'if [ "$(id -u)" = 0 ]; then own=-m; else own=-rm; fi',
    `exec unshare $own sh -c 'mount -t overlay overlay -o ` +
    `lowerdir=${to}/root${libraries}:${libraries} ${libraries} && exec "$@"' sh "$@"`,
    "",
  ].join("\n");
}
