/**
 * Python's ONNX Runtime as a peer of evaluation, with the same export as ONNX Runtime Web.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Peer } from "../peer.ts";
import { pythonWith } from "../twin/python.ts";
import { TwinSession } from "../twin/twin_session.ts";
import { exportedModel } from "./onnx_export.ts";

const TWIN = fileURLToPath(new URL("twin.py", import.meta.url));

/**
 * ONNX Runtime of a Python.
 *
 * @param given the Python; without it, the first that has the module
 */
export function onnxPythonPeer(given?: string): Peer {
  return {
    name: "ONNX Runtime, Python",
    tasks: ["eval"],
    async open(workload) {
      const { python, reason } = await pythonWith("onnxruntime", given);
      if (python === undefined) return reason;
      const { path, parameters } = await exportedModel(workload);
      return await TwinSession.start({
        command: [python, "-u", TWIN, JSON.stringify(workload), path, String(parameters)],
        env: Deno.env.toObject(),
      });
    },
  };
}
