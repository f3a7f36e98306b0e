/**
 * The flags of the comparison with peers.
 *
 * @module
 */
import { lengthValue } from "@transformer-xl/model";
import { DEVICE_CHOICES, webGpuValue } from "@transformer-xl/runtime";
import { z } from "zod";
import { CONFIGURATION_NAMES } from "./configurations.ts";
import { TASKS } from "./peer.ts";

/** Peers of this program. */
const PEERS = ["pytorch", "jax", "onnx", "gpu", "cpu", "dawn"] as const;

/** Everything `bench/peers/main.ts` accepts. */
export const peersSchema = z.strictObject({
  config: z.enum(CONFIGURATION_NAMES).default("base16").describe("Configuration that is measured"),
  task: z.enum(TASKS).default("eval")
    .describe("train: steps with their update; eval: segments, with kept keys in this program"),
  device: z.enum(DEVICE_CHOICES).default("auto").describe("Device of this program"),
  webgpu: webGpuValue,
  peers: z.array(z.enum(PEERS)).min(1).default(["pytorch", "jax", "onnx"])
    .describe(
      "Measured beside this program: PyTorch, jax-js, ONNX Runtime; this program on an adapter, on the CPU, on Dawn",
    )
    .meta({ metavar: "NAME ..." }),
  python: z.string().nullable().default(null)
    .describe("Python of PyTorch and ONNX Runtime; none: python3, or that of the system"),
  coreTypes: z.array(z.string().min(1)).default([])
    .describe("Measure PyTorch also with these values of OPENBLAS_CORETYPE")
    .meta({ metavar: "NAME ..." }),
  rounds: lengthValue.default(9).describe("Samples of every peer, in turns"),
  sampleMs: lengthValue.default(400).describe("Shortest sample: as many steps as that takes"),
  budgetS: lengthValue.default(120).describe("No further round begins after this many seconds"),
});

/** Checked flags. */
export type PeersFlags = z.infer<typeof peersSchema>;
