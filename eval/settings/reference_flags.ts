/**
 * Flags of NVIDIA's programs that set nothing here, so that their command lines work unchanged.
 *
 * @module
 */
import { type ForeignFlag, foreignFlag, missingFlag } from "@transformer-xl/runtime";

/** Flags of both programs of the reference. */
export function sharedReferenceFlags(): readonly ForeignFlag[] {
  return [
    foreignFlag("cuda", {
      instead: "a GPU is used if available; --device gpu requires one",
    }),
    foreignFlag("local_rank", {
      arity: "one",
      values: { test: /^\d+$/, wanted: "an integer >= 0" },
      instead: "ranks come from the launcher's environment",
    }),
    foreignFlag("affinity", {
      arity: "one",
      values: [
        "disabled",
        "socket",
        "single",
        "single_unique",
        "socket_unique_interleaved",
        "socket_unique_continuous",
      ],
      instead: "processes are not bound to CPU cores; use taskset or the scheduler for that",
    }),
    foreignFlag("no_log", { instead: "logs are still written; --debug writes none" }),
  ];
}

/** Flags of NVIDIA's eval.py. */
export const EVAL_REFERENCE_FLAGS: readonly ForeignFlag[] = [
  ...sharedReferenceFlags(),
  missingFlag(
    "save_torchscript",
    "one",
    "there is no TorchScript here; deno task export writes models for ONNX Runtime, PyTorch and " +
      "readers of safetensors",
  ),
  missingFlag(
    "load_torchscript",
    "one",
    "there is no TorchScript here; deno task import reads checkpoints of PyTorch, and --model what " +
      "it wrote",
  ),
];
