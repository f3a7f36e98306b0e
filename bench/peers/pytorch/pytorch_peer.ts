/**
 * PyTorch as a peer: a Python program runs the twin of the model and answers in lines of JSON.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Peer, Workload } from "../peer.ts";
import { pythonWith } from "../twin/python.ts";
import { type TwinCommand, TwinSession } from "../twin/twin_session.ts";

/** How the twin keeps memory rows: as hidden states, as the reference does, or as keys and values. */
export type TwinMemory = "hidden" | "keys";

/** Options of the peer. */
export interface PyTorchOptions {
  /** Python with PyTorch; the first of those that are tried that has it when absent. */
  readonly python?: string | undefined;
  /** Default "hidden"; keys stay right in evaluation alone. */
  readonly memory?: TwinMemory;
  /** Value of `OPENBLAS_CORETYPE`: kernels of OpenBLAS; its own choice when absent. */
  readonly coreType?: string | undefined;
}

const TWIN = fileURLToPath(new URL("twin.py", import.meta.url));

/** PyTorch. */
export function pytorchPeer(options: PyTorchOptions = {}): Peer {
  const { memory = "hidden", coreType } = options;
  return {
    name: ["PyTorch", coreType, memory === "keys" ? "kept keys" : undefined].filter(Boolean)
      .join(", "),
    tasks: memory === "keys" ? ["eval"] : ["train", "eval"],
    async open(workload) {
      const { python, reason } = await pythonWith("torch", options.python);
      if (python === undefined) return reason;
      return await TwinSession.start(twinCommand(python, workload, memory, coreType));
    },
  };
}

function twinCommand(
  python: string,
  workload: Workload,
  memory: TwinMemory,
  coreType: string | undefined,
): TwinCommand {
  const { OPENBLAS_CORETYPE: _, ...env } = Deno.env.toObject();
  return {
    command: [python, "-u", TWIN, JSON.stringify(workload), memory],
    env: { ...env, ...(coreType !== undefined && { OPENBLAS_CORETYPE: coreType }) },
  };
}
