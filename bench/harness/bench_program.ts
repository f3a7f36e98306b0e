/**
 * Entry point of benchmark programs: flags from a schema, help, errors with their remedies.
 *
 * @module
 */
import { REMEDIES } from "@transformer-xl/model";
import {
  flagHelp,
  type FlagHelpOptions,
  parseFlags,
  runCli,
  useWebGpu,
  wantsHelp,
  type WebGpuChoice,
  withRemedies,
} from "@transformer-xl/runtime";
import { skipExitHandlers } from "@transformer-xl/runtime/setup";
import type { z } from "zod";

/**
 * Runs a benchmark program with the flags of this process, on the WebGPU that they choose, and exits.
 *
 * @param program path of the program's file, for its help
 * @param measure measures with the flags; returns the exit code
 */
export async function runBenchProgram<Schema extends z.ZodObject>(
  program: string,
  schema: Schema,
  measure: (flags: z.output<Schema>) => Promise<number>,
  options: Pick<FlagHelpOptions, "description"> = {},
): Promise<void> {
  await runCli(() =>
    withRemedies(REMEDIES, async () => {
      if (wantsHelp(Deno.args)) {
        console.log(flagHelp(schema, { usage: `deno run -A ${program} [flags]`, ...options }));
        return 0;
      }
      const { config } = parseFlags(schema, Deno.args);
      try {
        const { webgpu }: { readonly webgpu?: WebGpuChoice | null } = config;
        if (webgpu !== undefined) await useWebGpu(webgpu); // others open no device
        return await measure(config);
      } finally {
        skipExitHandlers();
      }
    })
  );
}
