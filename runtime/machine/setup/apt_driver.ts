/**
 * Installation of Mesa's Vulkan driver with apt: from the configured release if it has Mesa 25,
 * otherwise from its backports in the same archive.
 *
 * @module
 */
import {
  type AptSource,
  archiveOf,
  backportsStanza,
  hasBackports,
  parseAptSources,
} from "./apt_sources.ts";
import type { Machine } from "./machine.ts";

/** First version of Mesa whose software rasteriser computes correct results. */
export const MESA_VERSION = 25;

const PACKAGES = ["libvulkan1", "mesa-vulkan-drivers"] as const;
const PATIENCE = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"] as const;
const BACKPORTS_FILE = "/etc/apt/sources.list.d/transformer-xl-backports.sources";

/** Every enabled source of binary packages of a machine. */
export function readAptSources(machine: Machine): readonly AptSource[] {
  const folder = "/etc/apt/sources.list.d";
  const paths = [
    "/etc/apt/sources.list",
    ...machine.list(folder).filter((name) => /\.(list|sources)$/.test(name))
      .map((name) => `${folder}/${name}`),
  ];
  return paths.flatMap((path) => parseAptSources(path, machine.read(path) ?? ""));
}

/** Codename of the release whose packages a machine uses; that of Ubuntu on its derivatives. */
export function releaseCodename(machine: Machine): string | undefined {
  const release = machine.read("/etc/os-release") ?? "";
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}="?([\\w.-]+)"?$`, "m").exec(release)?.[1];
  return field("UBUNTU_CODENAME") ?? field("DEBIAN_CODENAME") ?? field("VERSION_CODENAME");
}

/**
 * Installs Mesa 25 or newer as root.
 *
 * @returns undefined on success, else one sentence about the obstacle
 */
export async function installWithApt(
  machine: Machine,
  print: (line: string) => void,
): Promise<string | undefined> {
  const codename = releaseCodename(machine);
  await machine.run(["apt-get", ...PATIENCE, "update", "-qq"]);
  const plain = await candidate(machine, undefined);
  if (major(plain) >= MESA_VERSION) return await install(machine, print, undefined, plain!);
  const sources = readAptSources(machine);
  if (codename === undefined) return tooOld(plain, "this release");
  const suite = `${codename}-backports`;
  if (hasBackports(sources, codename) || await isServed(machine, suite)) {
    const version = await candidate(machine, suite);
    if (major(version) < MESA_VERSION) return tooOld(version ?? plain, suite);
    return await install(machine, print, suite, version!);
  }
  const archive = archiveOf(sources, codename);
  if (archive === undefined) {
    return `Cannot install Mesa ${MESA_VERSION}: no source of apt serves "${codename}"`;
  }
  print(`Adding ${suite} of ${archive.uris.join(" ")} in ${BACKPORTS_FILE}`);
  machine.write(BACKPORTS_FILE, backportsStanza(archive, codename));
  await machine.run(["apt-get", ...PATIENCE, "update", "-qq"]);
  const version = await candidate(machine, suite);
  const problem = major(version) < MESA_VERSION
    ? tooOld(version ?? plain, suite)
    : await install(machine, print, suite, version!);
  if (problem !== undefined) machine.remove(BACKPORTS_FILE); // restore the machine's state
  return problem;
}

/** Whether apt already has a suite, under any name and in any file. */
async function isServed(machine: Machine, suite: string): Promise<boolean> {
  const { output } = await machine.run(["apt-cache", "policy"]);
  return [...output.matchAll(/\b[an]=([\w.-]+)/g)].some(([, name]) => name === suite);
}

async function install(
  machine: Machine,
  print: (line: string) => void,
  suite: string | undefined,
  version: string,
): Promise<string | undefined> {
  print(`Installing Mesa's Vulkan driver ${version}`);
  const command = ["apt-get", ...PATIENCE, ...installArguments(suite)];
  const { code, output } = await machine.run(command);
  if (code === 0) return undefined;
  const lastLine = output.trim().split("\n").at(-1);
  return `Cannot install Mesa ${version}: apt-get ended with code ${code}: ${lastLine}`;
}

function installArguments(suite: string | undefined): string[] {
  const target = suite === undefined ? [] : ["-t", suite];
  return ["install", "-qq", "-y", "--no-install-recommends", ...target, ...PACKAGES];
}

function tooOld(version: string | undefined, place: string): string {
  const newest = version === undefined ? "no Mesa" : `Mesa ${version}`;
  return `Cannot install Mesa ${MESA_VERSION}: ${place} offers ${newest}`;
}

/** The version apt would install, from `suite` where one is given. */
async function candidate(machine: Machine, suite: string | undefined): Promise<string | undefined> {
  const preference = suite === undefined ? [] : ["-o", `APT::Default-Release=${suite}`];
  const { output } = await machine.run(["apt-cache", ...preference, "policy", PACKAGES[1]]);
  const version = /^\s*Candidate:\s*(\S+)/m.exec(output)?.[1];
  return version === "(none)" ? undefined : version;
}

/** "1:25.0.7-2~bpo12+1" is 25; 0 without a version. */
function major(version: string | undefined): number {
  return Number(/^(?:\d+:)?(\d+)/.exec(version ?? "")?.[1] ?? 0);
}

/** The equivalent commands, for a user who is not root. */
export function aptCommands(machine: Machine): string {
  const codename = releaseCodename(machine);
  const sources = readAptSources(machine);
  const archive = codename === undefined ? undefined : archiveOf(sources, codename);
  const install = (suite?: string): string =>
    `sudo apt-get update && sudo apt-get ${installArguments(suite).join(" ").replace("-qq ", "")}`;
  if (codename === undefined || archive === undefined || !isDebian(machine)) return install();
  const suite = `${codename}-backports`;
  if (hasBackports(sources, codename)) return install(suite);
  const stanza = backportsStanza(archive, codename).trimEnd().replaceAll("\n", "\\n");
  return `printf '${stanza}\\n' | sudo tee ${BACKPORTS_FILE} && ${install(suite)}`;
}

/** The question asked before {@link installWithApt}, with everything it can change. */
export function aptQuestion(machine: Machine): string {
  const codename = releaseCodename(machine);
  const isAdding = codename !== undefined && !hasBackports(readAptSources(machine), codename);
  const source = isAdding
    ? `, and where this release has no Mesa ${MESA_VERSION} add its backports in ${BACKPORTS_FILE}`
    : "";
  return `Install ${PACKAGES.join(" and ")} with apt-get${source}?`;
}

/** Ubuntu brings new Mesa to the release's updates; Debian to its backports. */
function isDebian(machine: Machine): boolean {
  return /^ID="?debian"?$/m.test(machine.read("/etc/os-release") ?? "");
}
