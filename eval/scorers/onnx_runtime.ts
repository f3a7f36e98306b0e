/**
 * ONNX Runtime as the runtime of an evaluation.
 *
 * @module
 */
import type { OnnxFacts } from "@transformer-xl/model";
import type { OnnxFile, Role } from "@transformer-xl/runtime";
import { OnnxScorer, residentOutputs } from "./onnx_scorer.ts";
import type { OnnxProvider } from "./onnx_package/onnx_package.ts";
import { OnnxRuntime } from "./onnx_session.ts";
import type { ScoringRuntime } from "./scoring_runtime.ts";

/** Settings of the runtime. */
export interface OnnxRuntimeSettings {
  /** What computes. */
  readonly provider: OnnxProvider;
  /** Receives one sentence about the runtime. */
  readonly notice: (sentence: string) => void;
}

/**
 * Loads ONNX Runtime.
 *
 * @param file the model, open until it is loaded
 * @throws {DeviceError} when the package cannot be downloaded, or the provider finds no adapter
 */
export async function openOnnxRuntime(
  file: OnnxFile,
  facts: OnnxFacts,
  { provider, notice }: OnnxRuntimeSettings,
): Promise<ScoringRuntime> {
  const runtime = await OnnxRuntime.load(provider, { notice });
  notice(`runtime: ${runtime.description}`);
  return {
    name: "onnx",
    math: facts.half ? "fp16" : "fp32",
    info: { adapter: runtime.description, kind: "onnx", features: [] },
    async load() {
      const content = await file.content();
      const { nLayer, dModel } = facts.config;
      const session = await runtime.open(file.path, content, residentOutputs(facts));
      const bytes = new Map<Role, number>([
        ["weights", content.model.length + (content.external?.data.length ?? 0)],
      ]);
      const open = (lengths: ConstructorParameters<typeof OnnxScorer>[1]) => {
        const scorer = new OnnxScorer({ runtime, session, facts }, lengths);
        const { batchSize, memLen } = scorer.lengths;
        bytes.set("state", nLayer * batchSize * memLen * dModel * (facts.half ? 2 : 4));
        return Promise.resolve(scorer);
      };
      return {
        bytesByRole: bytes,
        scorer: open,
        rankingScorer: open,
        [Symbol.dispose]: () => void session[Symbol.asyncDispose](),
      };
    },
    [Symbol.dispose]() {},
  };
}
