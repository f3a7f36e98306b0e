/**
 * A model of training with more ranks: `deno run -A bench/scaling_model/main.ts [flags]`. Speeds of
 * copies, of the ring and of the adapter are measured on this machine unless flags give them; the
 * steps of the table are computed.
 *
 * @module
 */
import { GpuDevice } from "@transformer-xl/runtime";
import { runBenchProgram } from "../harness/bench_program.ts";
import { environmentOf, environmentText } from "../harness/environment.ts";
import { digits } from "../harness/results.ts";
import { type Known, scalingNumbers } from "./numbers.ts";
import { recordPreset } from "./recorded_step.ts";
import { type ScalingFlags, scalingSchema } from "./settings.ts";
import { scalingLines, scalingRows } from "./table.ts";
import { validate } from "./validate.ts";

/** Part of the last chunk after which hardly any of the exchange is hidden. */
const LATE = 0.99;

const DESCRIPTION = "Models the training step of 1 to 64 ranks from speeds measured on this " +
  "machine, or given.";

if (import.meta.main) {
  const options = { description: DESCRIPTION };
  await runBenchProgram("bench/scaling_model/main.ts", scalingSchema, scalingTable, options);
}

/** Prints the table and what it was computed from. */
async function scalingTable(flags: ScalingFlags): Promise<number> {
  using device = await GpuDevice.open();
  console.log(environmentText(environmentOf(device)));
  const recorded = await recordPreset(flags.preset, device.limits);
  const numbers = await scalingNumbers(flags, device, recorded);
  const print = (name: string, { value, origin }: Known, unit: string) =>
    console.log(`${name.padEnd(20)} ${digits(value).padStart(8)} ${unit.padEnd(5)} ${origin}`);
  print("compute, one rank", numbers.computeMs, "ms");
  print("update", numbers.updateMs, "ms");
  print("ring, two processes", numbers.ringGbS, "GB/s");
  print("hop", numbers.hopUs, "us");
  print("readback", numbers.readbackGbS, "GB/s");
  print("upload", numbers.uploadGbS, "GB/s");
  const { networkGbS, gpusPerMachine, weak } = flags;
  if (networkGbS !== undefined) {
    const origin = `from a flag, beyond ${gpusPerMachine} ranks`;
    print("network", { value: networkGbS, origin }, "GB/s");
  }
  const { buckets, parameters, batchSize, batchChunk } = recorded;
  const late = buckets.filter(({ finalAt }) => finalAt > LATE);
  const bytes = (some: typeof buckets) => some.reduce((sum, bucket) => sum + bucket.bytes, 0);
  console.log(
    `${flags.preset}: ${digits(parameters)} parameters, ${buckets.length} buckets from its ` +
      `recording; ${
        digits(100 * bytes(late) / bytes(buckets))
      }% of the bytes are final only when ` +
      `${100 * LATE}% of the last chunk is done`,
  );
  console.log(
    weak
      ? `every rank has ${batchSize} columns in ${batchChunk} chunks`
      : `ranks share ${batchSize} columns; ${batchChunk} chunks on one rank, fewer on more`,
  );
  console.log(
    `\nA model, not a measurement:\n${
      scalingLines(scalingRows(flags, numbers, recorded)).join("\n")
    }`,
  );
  if (flags.validate) console.log(`\n${await validate(device, numbers)}`);
  return 0;
}
