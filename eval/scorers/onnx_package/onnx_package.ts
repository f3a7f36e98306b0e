/**
 * The place of ONNX Runtime Web, `npm:onnxruntime-web`, which is downloaded when it is first used.
 *
 * @module
 */
import { DeviceError, oneLine } from "@transformer-xl/runtime";
import { tryProgram } from "@transformer-xl/runtime/setup";
import { fileURLToPath } from "node:url";

/** The package; its hash is in `onnx.lock`. */
const PACKAGE = "npm:onnxruntime-web@1.30.0";

/** Execution providers, and the entry of the package with each: both are complete in one file. */
const ENTRIES = { wasm: `${PACKAGE}/wasm`, webgpu: `${PACKAGE}/webgpu` } as const;

/** An execution provider. */
export type OnnxProvider = keyof typeof ENTRIES;

/** The execution providers. */
export const ONNX_PROVIDERS = Object.keys(ENTRIES) as [OnnxProvider, ...OnnxProvider[]];

/** How the package is found. */
export interface OnnxPackageOptions {
  /** Another package in place of its entry. */
  readonly specifier?: string;
  /** Receives one sentence before a download. */
  readonly notice?: ((sentence: string) => void) | undefined;
}

/**
 * Address of the package in Deno's cache.
 *
 * @throws {DeviceError} when it cannot be downloaded, or the program is an executable
 */
export async function onnxPackage(
  provider: OnnxProvider,
  { specifier = ENTRIES[provider], notice }: OnnxPackageOptions = {},
): Promise<string> {
  if (Deno.build.standalone) throw notLoaded("an executable does not contain it");
  const env = { NO_COLOR: "1" };
  let result = await tryProgram(command(specifier, ["--cached-only"]), { env });
  if (result.stderr.startsWith("error")) { // the program ran, and the package is not there
    notice?.(`Downloading ${specifier}, once`);
    result = await tryProgram(command(specifier, []), { env });
  }
  if (result.code === 0) return result.stdout.trim();
  const cause = /^ *0: (.+?)\.?$/m.exec(result.stderr) ??
    /^error: (?:.*Error: )?(.+?)\.?$/m.exec(result.stderr);
  throw notLoaded(cause?.[1] ?? oneLine(result.stderr, 160));
}

/** The program that prints the address, under the lock file of the package. */
function command(specifier: string, flags: readonly string[]): readonly string[] {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  return [
    ...[Deno.execPath(), "run", "-q", "--allow-all", "--no-config", "--frozen"],
    ...[`--lock=${path("onnx.lock")}`, ...flags, path("locate_main.ts"), specifier],
  ];
}

function notLoaded(reason: string): DeviceError {
  return new DeviceError("unsupported", `Cannot load ONNX Runtime Web: ${reason}`, {
    need: "the package of ONNX Runtime",
  });
}
