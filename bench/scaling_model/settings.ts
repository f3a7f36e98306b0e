/**
 * The flags of the scaling table.
 *
 * @module
 */
import { webGpuValue } from "@transformer-xl/runtime";
import { PRESETS } from "@transformer-xl/train";
import { z } from "zod";

const known = (what: string) => z.number().positive().optional().describe(what);

/** Everything `bench/scaling_model/main.ts` accepts. */
export const scalingSchema = z.strictObject({
  preset: z.enum(Object.keys(PRESETS) as [string, ...string[]]).default("wt103-base")
    .describe("Configuration"),
  webgpu: webGpuValue,
  weak: z.boolean().default(false)
    .describe("Every rank has the preset's whole batch; otherwise they share it, as in training"),
  validate: z.boolean().default(false)
    .describe("Also compare the model with measured steps of two processes; takes half a minute"),
  computeMs: known("Forward and backward of one rank alone, milliseconds").meta({
    group: "instead of measuring",
  }),
  updateMs: known("Clipping and optimizer, milliseconds").meta({ group: "instead of measuring" }),
  ringGbS: known("All-reduce of two processes of one machine, 1e9 bytes of the buffer per second")
    .meta({ group: "instead of measuring" }),
  hopUs: known("Message from a rank to its neighbour, microseconds").meta({
    group: "instead of measuring",
  }),
  readbackGbS: known("Device to host, 1e9 bytes per second").meta({
    group: "instead of measuring",
  }),
  uploadGbS: known("Host to device, 1e9 bytes per second").meta({
    group: "instead of measuring",
  }),
  networkGbS: known("Between machines, in each direction, 1e9 bytes per second").meta({
    group: "several machines",
  }),
  gpusPerMachine: z.int().positive().optional()
    .describe("Ranks of one machine; more than that use --network_gb_s")
    .meta({ group: "several machines" }),
}).refine(
  ({ networkGbS, gpusPerMachine }) => (networkGbS === undefined) === (gpusPerMachine === undefined),
  { path: ["networkGbS"], message: "give it together with --gpus_per_machine, or neither" },
);

/** Checked flags. */
export type ScalingFlags = z.infer<typeof scalingSchema>;
