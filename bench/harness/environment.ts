/**
 * Origin of numbers: the machine, driver and versions to know before comparing them.
 *
 * @module
 */
import type { Device } from "@transformer-xl/runtime";
import { tryProgramSync, vulkanAdapters } from "@transformer-xl/runtime/setup";

/** Machine, driver and program of a measurement. */
export interface Environment {
  /** Adapter as its driver names it, or the CPU. */
  readonly adapter: string;
  /** Driver and version; empty where the platform does not tell. */
  readonly driver: string;
  /** Deno and V8. */
  readonly deno: string;
  /** Compilation target of Deno: processor, system. */
  readonly platform: string;
  /** Processors Deno sees. */
  readonly cores: number;
  /** Runnable processes over the last minute; above `cores`, times are too long. */
  readonly loadAverage: number;
  /** Commit, with "-dirty" when files differ from it; empty outside a checkout. */
  readonly commit: string;
  /** Time of the measurement, ISO 8601. */
  readonly date: string;
}

/** The environment as it is now. */
export function environmentOf(device: Device): Environment {
  return environmentOfAdapter(device.info.adapter);
}

/** The environment of an adapter, as its driver names it. */
export function environmentOfAdapter(adapter: string): Environment {
  return {
    adapter,
    driver: vulkanAdapters().find(({ name }) => name === adapter)?.driver ?? "",
    deno: `${Deno.version.deno}, V8 ${Deno.version.v8}`,
    platform: Deno.build.target,
    cores: navigator.hardwareConcurrency,
    loadAverage: Deno.loadavg()[0]!,
    commit: commit(),
    date: new Date().toISOString(),
  };
}

/** One line for people. */
export function environmentText(environment: Environment): string {
  const { adapter, driver, deno, cores, loadAverage, commit } = environment;
  return [
    adapter,
    driver,
    `Deno ${deno}`,
    `${cores} cores, load ${loadAverage.toFixed(1)}`,
    `commit ${commit}`,
  ].filter((part) => part !== "").join("; ");
}

/** Results that were just saved do not count as a difference. */
function commit(): string {
  const name = git("rev-parse", "--short", "HEAD");
  const differs = git("status", "--porcelain", "--", ":/", ":(exclude,top)bench/results") !== "";
  return name === "" || !differs ? name : `${name}-dirty`;
}

/** What git prints; nothing outside a checkout, or where git is not installed. */
function git(...args: readonly string[]): string {
  const { code, stdout } = tryProgramSync(["git", ...args], {
    cwd: new URL("../", import.meta.url),
  });
  return code === 0 ? stdout.trim() : "";
}
