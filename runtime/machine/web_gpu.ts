/**
 * Choice of the WebGPU implementation of a program: Deno's own, or Dawn from an npm package. The
 * chosen one becomes `navigator.gpu`, so that everything that opens a device finds it.
 *
 * @module
 */
import { z } from "zod";
import { ConfigError, isUserError, messageOf } from "../base/errors.ts";
import { quoted } from "../base/one_line.ts";
import { chooseAdapter, type NamedGpu } from "../gpu/adapter.ts";
import type { DeviceChoice } from "../plan/device.ts";
import { loadDawn } from "./dawn/load_dawn.ts";

/** WebGPU implementations a user may ask for. */
export const WEBGPU_CHOICES = ["deno", "dawn", "auto"] as const;

/** `deno`: Deno's own; `dawn`: the package; `auto`: Dawn where Deno's own finds no adapter. */
export type WebGpuChoice = (typeof WEBGPU_CHOICES)[number];

/** The flag that chooses one. */
export const webGpuValue: z.ZodDefault<
  z.ZodNullable<z.ZodEnum<{ deno: "deno"; dawn: "dawn"; auto: "auto" }>>
> = z.enum(WEBGPU_CHOICES).nullable().default(null).describe(
  "deno: Deno's own; dawn: npm:webgpu; auto: dawn if deno finds no adapter; none: TXL_WEBGPU",
);

/** Variable that chooses where no flag does; processes started by this one inherit it. */
export const WEBGPU_VARIABLE = "TXL_WEBGPU";

/**
 * Makes an implementation the WebGPU of this program and of the processes it starts. Call it before
 * a device is opened. Dawn is loaded here, and downloaded at the first use on a machine.
 *
 * @param choice null: that of `TXL_WEBGPU`; without it, nothing changes
 * @param notice receives one sentence before a download, and one when `auto` cannot load Dawn
 * @throws {ConfigError} when `TXL_WEBGPU` names no implementation
 * @throws {DeviceError} when Dawn was requested and cannot be loaded
 */
export async function useWebGpu(
  choice: WebGpuChoice | null = null,
  notice: (sentence: string) => void = console.warn,
): Promise<void> {
  const wanted = choice ?? webGpuOfEnvironment();
  if (wanted === undefined) return;
  const present: Partial<NamedGpu> | undefined = navigator.gpu;
  if (present?.implementation !== undefined) Reflect.deleteProperty(navigator, "gpu"); // as it was before
  const isDawn = wanted === "dawn" ||
    (wanted === "auto" && await chooseAdapter(navigator.gpu) === undefined);
  try {
    if (isDawn) {
      const dawn = await loadDawn({ notice });
      Object.defineProperty(navigator, "gpu", { value: dawn, configurable: true });
    }
  } catch (error) {
    if (wanted !== "auto" || !isUserError(error)) throw error;
    notice(messageOf(error));
  }
  if (choice !== null) Deno.env.set(WEBGPU_VARIABLE, choice);
}

/**
 * {@link useWebGpu} of a program with a device setting: the CPU needs none, so Dawn is not loaded for it.
 */
export async function useWebGpuFor(
  { device, webgpu = null }: {
    readonly device: DeviceChoice;
    readonly webgpu?: WebGpuChoice | null;
  },
): Promise<void> {
  if (device !== "cpu") await useWebGpu(webgpu);
}

/**
 * The implementation that `TXL_WEBGPU` names, if it is set.
 *
 * @throws {ConfigError} for another name
 */
export function webGpuOfEnvironment(
  value: string | undefined = Deno.env.get(WEBGPU_VARIABLE),
): WebGpuChoice | undefined {
  if (value === undefined || value === "") return undefined;
  const choice = WEBGPU_CHOICES.find((name) => name === value);
  if (choice !== undefined) return choice;
  throw new ConfigError(
    `Cannot choose a WebGPU by ${WEBGPU_VARIABLE}=${quoted(value)}: expected ` +
      WEBGPU_CHOICES.join(", "),
  );
}
