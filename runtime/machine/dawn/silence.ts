/**
 * Silence of native code. Looking for adapters, Dawn and the Vulkan loader print about limits and
 * missing drivers to standard error, which Deno's own WebGPU does not; the program says itself what
 * it found.
 *
 * @module
 */

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

const LIBRARIES: Readonly<Record<string, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.B.dylib",
};

const STDERR = 2;
const WRITE_ONLY = 1;

/**
 * Calls a function with standard error turned away; what it does after it returns is heard again.
 * Where the C library is another one, nothing is turned away. Needs `--allow-ffi`.
 */
export function silently<T>(run: () => T): T {
  let library: Deno.DynamicLibrary<typeof SYMBOLS>;
  try {
    library = Deno.dlopen(LIBRARIES[Deno.build.os] ?? "", SYMBOLS);
  } catch {
    return run();
  }
  const { open, dup, dup2, close } = library.symbols;
  const nowhere = open(new TextEncoder().encode("/dev/null\0"), WRITE_ONLY);
  const kept = dup(STDERR);
  const isTurned = nowhere >= 0 && kept >= 0 && dup2(nowhere, STDERR) >= 0;
  try {
    return run();
  } finally {
    if (isTurned) dup2(kept, STDERR);
    for (const descriptor of [nowhere, kept]) if (descriptor >= 0) close(descriptor);
    library.close();
  }
}
