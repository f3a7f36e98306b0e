/**
 * Choice of the WebGPU implementation, by argument and by variable.
 *
 * @module
 */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  chooseAdapter,
  ConfigError,
  isUserError,
  useWebGpu,
  webGpuOfEnvironment,
} from "@transformer-xl/runtime";
import { loadDawn, tryProgram } from "@transformer-xl/runtime/setup";

const PROGRAM = new URL("../../support/processes/device_line.ts", import.meta.url);

/** Runs {@link PROGRAM}, which ends by itself. */
async function deviceLine(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryProgram(
    [Deno.execPath(), "run", "-A", "--quiet", "--no-check", PROGRAM.href, ...words],
    { env: { TXL_WEBGPU: "", NO_COLOR: "1", ...env } },
  );
  assertEquals([code, stderr], [0, ""]);
  return stdout.trim();
}

const hasDeno = await chooseAdapter(navigator.gpu) !== undefined;

async function hasCachedDawn(): Promise<boolean> {
  try {
    await loadDawn({ mayDownload: false });
    return hasDeno;
  } catch (error) {
    if (!isUserError(error)) throw error;
    console.log(`Programs on Dawn are not tried: ${error.message}`);
    return false;
  }
}

Deno.test({
  name:
    "Dawn is chosen by argument or variable, processes inherit it, and programs end by themselves",
  ignore: !await hasCachedDawn(),
  fn: async () => {
    assertEquals(await deviceLine(["dawn"]), "Dawn dawn");
    assertEquals(await deviceLine([], { TXL_WEBGPU: "dawn" }), "Dawn dawn");
  },
});

Deno.test({
  name: "auto is Deno's own WebGPU where that has an adapter",
  ignore: !hasDeno,
  fn: async () => assertEquals(await deviceLine(["auto"]), "Deno auto"),
});

Deno.test("without a choice, navigator.gpu stays as it is, also a foreign one", async () => {
  const foreign = { requestAdapter: () => Promise.resolve(null) };
  Object.defineProperty(navigator, "gpu", { value: foreign, configurable: true });
  const variable = Deno.env.get("TXL_WEBGPU");
  try {
    Deno.env.delete("TXL_WEBGPU");
    await useWebGpu();
    assertEquals(navigator.gpu, foreign as unknown as GPU);
  } finally {
    if (variable !== undefined) Deno.env.set("TXL_WEBGPU", variable);
    Reflect.deleteProperty(navigator, "gpu");
  }
});

Deno.test("the variable names an implementation or nothing", () => {
  assertEquals(webGpuOfEnvironment(""), undefined);
  assertEquals(webGpuOfEnvironment("auto"), "auto");
  const error = assertThrows(() => webGpuOfEnvironment("vulkan"), ConfigError);
  assertMatch(error.message, /^Cannot choose .* TXL_WEBGPU="vulkan": expected deno, dawn, auto$/);
});
