/**
 * A request to the kernel to end this process with its parent. It works even while the main thread
 * is busy or stopped.
 *
 * @module
 */
import { SIGNAL_NUMBERS } from "../../flags/stop_signals.ts";

const PR_SET_PDEATHSIG = 1;

/** Works on Linux with permission for FFI; elsewhere it has no effect. */
export function dieWithParent(): void {
  if (Deno.build.os !== "linux") return;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return;
  try {
    using libc = openLibc();
    libc.symbols.prctl(PR_SET_PDEATHSIG, BigInt(SIGNAL_NUMBERS.SIGKILL), 0n, 0n, 0n);
  } catch {
    // Another C library; the connection to the launcher remains.
  }
}

function openLibc() {
  const library = Deno.dlopen("libc.so.6", {
    prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  });
  return { symbols: library.symbols, [Symbol.dispose]: () => library.close() };
}
