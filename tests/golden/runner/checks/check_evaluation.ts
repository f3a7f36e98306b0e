/**
 * Kind `evaluation`: whole evaluations of a stream, with and without warm-up, cut short, repeated.
 *
 * @module
 */
import { bitsPerCharacter, Evaluator, perplexity, type SegmentLoss } from "@transformer-xl/eval";
import { Batches } from "@transformer-xl/model";
import type { Device } from "@transformer-xl/runtime";
import type { RecordOf } from "../case_schema.ts";
import type { Findings } from "../findings.ts";
import type { GoldenCase } from "../golden_case.ts";
import { buildModel, lengthsOf } from "../golden_model.ts";
import { tolerancesOf } from "../tolerances.ts";

/** Checks a case on a device. */
export async function checkEvaluation(
  device: Device,
  golden: GoldenCase,
  record: RecordOf<"evaluation">,
  findings: Findings,
): Promise<void> {
  const { config } = record;
  const limits = tolerancesOf(device, record);
  using network = await buildModel(device, golden, record);
  const stream = await golden.integers("in/stream", config.n_token);
  const runs = record.cases.flatMap((setting, c) =>
    (["hidden", "keys"] as const).map((cache) => ({ setting, cache, name: `case ${c} ${cache}` }))
  );
  for (const { setting, cache, name } of runs) {
    const lengths = lengthsOf(config, setting.batch_size);
    using evaluator = await Evaluator.create(network.model, lengths, { cache });
    const batches = new Batches(stream, {
      batchSize: setting.batch_size,
      tgtLen: config.tgt_len,
      extLen: config.ext_len,
      warmupLen: setting.warmup ? config.mem_len : 0,
    });
    findings.compareExactly("batch count", name, [batches.batchCount], [setting.n_batch]);
    const ran: SegmentLoss[] = [];
    for (let repetition = 0; repetition < setting.repeat; repetition++) {
      const { segments } = await evaluator.evaluate(batches, {
        keepMemory: repetition > 0,
        ...(setting.max_size !== null && { maxSegments: setting.max_size }),
      });
      ran.push(...segments);
    }
    const want = setting.segments;
    const losses = ran.map(({ lossNats }) => lossNats);
    findings.compare("segment loss", name, losses, want.map(([loss]) => loss), limits.loss);
    const rows = ran.map(({ targetRows }) => targetRows);
    findings.compareExactly("segment length", name, rows, want.map(([, length]) => length));
    const flags = ran.map(({ scored }) => scored);
    findings.compareExactly("scored", name, flags, want.map(([, , scored]) => scored));

    const scored = ran.filter((segment) => segment.scored);
    const total = scored.reduce((sum, { lossNats, targetRows }) => sum + lossNats * targetRows, 0);
    const loss = total / scored.reduce((sum, { targetRows }) => sum + targetRows, 0);
    findings.compareNumber("loss", name, loss, setting.loss, limits.loss);
    // An error of the loss is multiplied by the loss in its exponential.
    const pplLimit = limits.loss * Math.max(1, setting.loss);
    findings.compareNumber("perplexity", name, perplexity(loss), setting.ppl, pplLimit);
    const bits = bitsPerCharacter(loss);
    findings.compareNumber("bits per character", name, bits, setting.bpc, limits.loss);
  }
}
