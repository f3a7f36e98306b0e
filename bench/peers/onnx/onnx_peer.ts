/**
 * ONNX Runtime Web as a peer of evaluation: it runs this program's export of the weights.
 *
 * @module
 */
import { type OnnxProvider, OnnxRuntime, OnnxScorer, residentOutputs } from "@transformer-xl/eval";
import { readOnnxFacts, REMEDIES } from "@transformer-xl/model";
import { isUserError, OnnxFile, remedySentence } from "@transformer-xl/runtime";
import { LocalSession } from "../local_session.ts";
import type { Peer, PeerSession, Workload } from "../peer.ts";
import { segmentsOf } from "../shared_files.ts";
import { exportedModel } from "./onnx_export.ts";

/** ONNX Runtime Web with an execution provider. */
export function onnxPeer(provider: OnnxProvider): Peer {
  return {
    name: `ONNX Runtime Web, ${provider}`,
    tasks: ["eval"],
    async open(workload) {
      try {
        return await openSession(provider, workload);
      } catch (error) {
        if (!isUserError(error)) throw error;
        return remedySentence(error, REMEDIES);
      }
    },
  };
}

async function openSession(provider: OnnxProvider, workload: Workload): Promise<PeerSession> {
  const runtime = await OnnxRuntime.load(provider);
  const { path, parameters } = await exportedModel(workload);
  using file = await OnnxFile.open(path);
  const facts = await readOnnxFacts(file);
  await using stack = new AsyncDisposableStack();
  const session = stack.use(
    await runtime.open(file.path, await file.content(), residentOutputs(facts)),
  );
  const scorer = stack.use(new OnnxScorer({ runtime, session, facts }, workload.lengths));
  let losses: number[] = [];
  return new LocalSession({
    detail: `${runtime.description}${provider === "wasm" ? ", one thread" : ""}`,
    parameters,
    runner: {
      async run(segment) {
        scorer.run(segment);
        losses.push(...await scorer.losses());
      },
      losses() {
        const since = losses;
        losses = [];
        return Promise.resolve(since);
      },
    },
    segments: segmentsOf(workload),
    owned: stack.move(),
  });
}
