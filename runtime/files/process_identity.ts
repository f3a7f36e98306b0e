/**
 * The identity of the process that wrote a file, so that a later process can tell whether it is
 * still running.
 *
 * @module
 */
import process from "node:process";

/** A process, distinguished from a later one with the same id. */
export interface ProcessIdentity {
  /** Name of its machine. */
  readonly host: string;
  /** Id on that machine. */
  readonly pid: number;
  /** Start time in the kernel's clock ticks since boot; null if unknown. */
  readonly startTicks: number | null;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { host: Deno.hostname(), pid: Deno.pid, startTicks: startTicks(Deno.pid) };
}

/**
 * Whether a process of this machine is still running. An id that belongs to a process with another
 * start time was reused: its first owner is dead. Without start times an id in use counts as alive.
 */
export function isRunning({ pid, startTicks: expected }: ProcessIdentity): boolean {
  if (!hasProcess(pid)) return false;
  const found = startTicks(pid);
  return expected === null || found === null || found === expected;
}

/** True when a process of this machine has the id; one of another user counts as alive. */
export function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}

/** Field 22 of `/proc/PID/stat`; null without it, or without permission to read it. */
function startTicks(pid: number): number | null {
  if (Deno.build.os !== "linux") return null;
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The program's name, field 2, is in parentheses and may contain any character.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[19]);
  } catch {
    return null;
  }
}
