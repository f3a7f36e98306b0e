/**
 * Kind `accumulation`: two segments in C batch chunks, each with its own memory; gradients are those
 * of the last segment, summed over the chunks.
 *
 * @module
 */
import { Memory, type Segment } from "@transformer-xl/model";
import { DataError, type Device } from "@transformer-xl/runtime";
import { splitColumns } from "@transformer-xl/train";
import type { RecordOf } from "../case_schema.ts";
import { compareGradients } from "./check_forward.ts";
import type { Findings } from "../findings.ts";
import type { GoldenCase } from "../golden_case.ts";
import { buildModel, clearGradients, lengthsOf, meanOf } from "../golden_model.ts";
import { filledMemory, SegmentPlan } from "../segment_plan.ts";
import { limitFor, tolerancesOf } from "../tolerances.ts";

/** Checks a case on a device. */
export async function checkAccumulation(
  device: Device,
  golden: GoldenCase,
  record: RecordOf<"accumulation">,
  findings: Findings,
): Promise<void> {
  const { config } = record;
  const limits = tolerancesOf(device, record);
  const segments = await readSegments(golden, config.n_token);
  using network = await buildModel(device, golden, record);
  const counts = new Set(
    golden.under("chunks").map((name) => Number(name.slice(0, name.indexOf("/")))),
  );
  for (const chunks of counts) {
    const columns = segments[0]!.columns / chunks;
    if (!Number.isInteger(columns)) {
      throw new DataError(
        `Cannot cut ${segments[0]!.columns} columns of "${golden.folder}" into ${chunks} chunks`,
      );
    }
    const lengths = lengthsOf(config, columns);
    using stack = new DisposableStack();
    const memories = Array.from(
      { length: chunks },
      (_, c) => stack.use(new Memory(device, network.model, lengths, `memory ${c}`)),
    );
    const plans: SegmentPlan[] = [];
    for (const memory of memories) {
      const options = { differentiate: true };
      plans.push(stack.use(await SegmentPlan.record(network, lengths, memory, options)));
    }
    for (const [s, segment] of segments.entries()) {
      clearGradients(network);
      const pieces: number[] = [];
      for (const [c, part] of splitColumns(segment, chunks).entries()) {
        pieces.push(meanOf(await plans[c]!.run(part, { chunks })) / chunks);
      }
      const name = `chunks${chunks}/segment${s}`;
      const want = record.loss_pieces[name];
      if (want !== undefined) findings.compare("loss", name, pieces, want, limits.loss);
    }
    await compareGradients(golden, `chunks${chunks}`, network, findings, limits);
    for (const [c, memory] of memories.entries()) {
      const name = `chunks${chunks}/mems/${c}`;
      if (!golden.has(name)) continue;
      const want = await golden.floats(name);
      const got = await filledMemory(memory);
      findings.compare("memory", name, got, want, limitFor(limits.memory, want));
    }
  }
}

async function readSegments(golden: GoldenCase, vocabularySize: number): Promise<Segment[]> {
  const [count = 0, rows = 0, columns = 0] = golden.shape("in/data");
  const inputs = await golden.integers("in/data", vocabularySize);
  const targets = await golden.integers("in/target", vocabularySize);
  if (count === 0 || targets.length !== inputs.length) {
    throw new DataError(
      `Cannot check "${golden.folder}": in/data is [${golden.shape("in/data")}], ` +
        `in/target [${golden.shape("in/target")}], expected the same [segments, T, B]`,
    );
  }
  const size = rows * columns;
  return Array.from({ length: count }, (_, s) => ({
    inputs: inputs.slice(s * size, (s + 1) * size),
    targets: targets.slice(s * size, (s + 1) * size),
    rows,
    targetRows: rows,
    columns,
    start: 0,
    scored: true,
  }));
}
