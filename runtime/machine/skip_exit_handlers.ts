/**
 * A workaround for a race at the end of `deno test` and `deno bench`. They run files in a thread;
 * when it ends, the main thread calls `exit`, whose handlers unload the Vulkan driver while the
 * thread still releases its memory. With Mesa's software driver, every tenth run crashes after
 * printing its results.
 *
 * @module
 */

/**
 * Skips exit handlers when the program exits, including those of the driver once a device is open.
 * The exit code is unchanged. Does nothing outside Linux with the GNU C library. Needs
 * `--allow-ffi`.
 *
 * @returns whether it did
 * @example
 * ```ts
 * import { skipExitHandlers } from "@transformer-xl/runtime/setup";
 * import { assertEquals } from "@std/assert";
 *
 * const isSkipping = skipExitHandlers(); // after a device was opened
 * if (Deno.build.os !== "linux") assertEquals(isSkipping, false);
 * ```
 */
export function skipExitHandlers(): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    const { symbols } = Deno.dlopen("libc.so.6", {
      dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
      on_exit: { parameters: ["pointer", "pointer"], result: "i32" },
    });
    // Handlers run in reverse order and get the exit code: _exit(code) ends the program there.
    const exitNow = symbols.dlsym(null, new TextEncoder().encode("_exit\0"));
    return exitNow !== null && symbols.on_exit(exitNow, null) === 0;
  } catch {
    return false; // another C library
  }
}
