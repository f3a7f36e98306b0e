/**
 * Lines about environment and memory for programs that print details.
 *
 * @module
 */
import { formatBytes } from "../base/format.ts";
import type { Role } from "../tensor/tensor.ts";
import type { Environment } from "./environment.ts";

/**
 * A heading, and a line for each fact.
 *
 * @example
 * ```ts
 * import { environmentLines, environmentOf, ReferenceDevice } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * using device = new ReferenceDevice({ precision: "f32" });
 * const [heading, deno] = environmentLines(environmentOf(device.info));
 * assertEquals([heading, deno], ["environment", `    - deno : ${Deno.version.deno}`]);
 * ```
 */
export function environmentLines(environment: Environment): string[] {
  return [
    "environment",
    ...Object.entries(environment).map(([name, value]) =>
      `    - ${name} : ${Array.isArray(value) ? value.join(", ") || "none" : value}`
    ),
  ];
}

/**
 * The sum of the bytes, and a line for each role that has some.
 *
 * @example
 * ```ts
 * import { roleLines } from "@transformer-xl/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(roleLines("device memory", new Map([["weights", 2048], ["state", 0]])), [
 *   "device memory = 2.0 KiB",
 *   "    - weights : 2.0 KiB",
 * ]);
 * ```
 */
export function roleLines(heading: string, bytes: ReadonlyMap<Role, number>): string[] {
  const total = bytes.values().reduce((sum, size) => sum + size, 0);
  return [
    `${heading} = ${formatBytes(total)}`,
    ...[...bytes].filter(([, size]) => size > 0)
      .map(([role, size]) => `    - ${role} : ${formatBytes(size)}`),
  ];
}

/** The memory of this process that is in use, as the system counts it. */
export function hostMemoryLine(): string {
  return `host memory in use = ${formatBytes(Deno.memoryUsage().rss)}`;
}
