/**
 * The inputs of the scaling model, each with its origin.
 *
 * @module
 */
import { type GpuDevice, measureSpeeds, type Speeds } from "@transformer-xl/runtime";
import { BUCKET_LENGTH } from "@transformer-xl/train";
import { measureAllReduce } from "../processes/allreduce.ts";
import type { RecordedStep } from "./recorded_step.ts";
import type { ScalingFlags } from "./settings.ts";

/** A number of the model. */
export interface Known {
  /** Its value, in the unit of its name. */
  readonly value: number;
  /** Where it came from, for people. */
  readonly origin: string;
}

/** The numbers of one rank and of the links between ranks. */
export interface ScalingNumbers {
  /** Forward and backward of one rank alone. */
  readonly computeMs: Known;
  /** Clipping and optimizer. */
  readonly updateMs: Known;
  /** All-reduce of two processes, 1e9 bytes of the buffer per second. */
  readonly ringGbS: Known;
  /** Message from a rank to its neighbour. */
  readonly hopUs: Known;
  /** Device to host, 1e9 bytes per second. */
  readonly readbackGbS: Known;
  /** Host to device, 1e9 bytes per second. */
  readonly uploadGbS: Known;
}

const MEASURED = "measured here";
const FLAG = "from a flag";
const BUCKETS = 8;
const ROUNDS = 5;

/** Takes what flags give, measures the rest, and models the step from the speeds of the adapter. */
export async function scalingNumbers(
  flags: ScalingFlags,
  device: GpuDevice,
  recorded: Pick<RecordedStep, "flops" | "update">,
): Promise<ScalingNumbers> {
  const measured = flags.computeMs === undefined || flags.updateMs === undefined
    ? await measureSpeeds(device.gpu, device, device.info.kind === "software")
    : undefined;
  const speeds = (): Speeds => measured!; // asked for only where a flag is missing
  const transfers = flags.readbackGbS === undefined || flags.uploadGbS === undefined
    ? await measureTransfers(device)
    : undefined;
  return {
    computeMs: modelled(
      flags.computeMs,
      () => 1000 * recorded.flops / speeds().flopsPerSecond,
      () =>
        `its ${(recorded.flops / 1e12).toFixed(2)} TFLOP at the measured peak of ` +
        `${(speeds().flopsPerSecond / 1e9).toFixed(0)} GFLOP/s, which no kernel reaches`,
    ),
    updateMs: modelled(
      flags.updateMs,
      () => 1000 * recorded.update.bytes / speeds().copyBytesPerSecond,
      () =>
        `its ${(recorded.update.bytes / 1e9).toFixed(2)} GB at the measured ` +
        `${(speeds().copyBytesPerSecond / 1e9).toFixed(1)} GB/s of copies`,
    ),
    ringGbS: await given(flags.ringGbS, measureRing),
    hopUs: await given(flags.hopUs, measureHop),
    readbackGbS: await given(flags.readbackGbS, () => transfers!.readbackGbS),
    uploadGbS: await given(flags.uploadGbS, () => transfers!.uploadGbS),
  };
}

/** Buckets as the trainer sends them, between two processes. */
async function measureRing(): Promise<number> {
  const bucketBytes = 4 * BUCKET_LENGTH;
  const bytes = BUCKETS * bucketBytes;
  const job = { bytes, bucketBytes, warmUps: 3, samples: 7, runs: 1 };
  const { medianMs } = await measureAllReduce("ring", "ring", job);
  return bytes / medianMs / 1e6;
}

/** Two processes take two hops; the way to the thread of the group and back is counted with them. */
async function measureHop(): Promise<number> {
  const job = { bytes: 8, bucketBytes: 8, warmUps: 100, samples: 5, runs: 200 };
  const { medianMs } = await measureAllReduce("hop", "ring", job);
  return medianMs * 1000 / 2;
}

/** Speeds of copies in buckets, medians of several rounds. */
async function measureTransfers(
  device: GpuDevice,
): Promise<{ readonly readbackGbS: number; readonly uploadGbS: number }> {
  const length = BUCKETS * BUCKET_LENGTH;
  const spec = { label: "transfers", role: "gradients", dtype: "f32", length } as const;
  using storage = device.allocate(spec);
  const values = new Float32Array(BUCKET_LENGTH).fill(1);
  const bytes = 4 * length;
  const [read, write]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) { // the first one warms up
    const startMs = performance.now();
    for (let at = 0; at < length; at += BUCKET_LENGTH) device.write(storage, at, values);
    await device.read([{ storage, offset: 0, length: 1 }]); // writes wait for the next submission
    const writtenMs = performance.now();
    for (let offset = 0; offset < length; offset += BUCKET_LENGTH) {
      await device.read([{ storage, offset, length: BUCKET_LENGTH }]);
    }
    if (round === 0) continue;
    write.push(writtenMs - startMs);
    read.push(performance.now() - writtenMs);
  }
  const speed = (elapsedMs: number[]) =>
    bytes / elapsedMs.sort((a, b) => a - b)[elapsedMs.length >> 1]! / 1e6;
  return { readbackGbS: speed(read), uploadGbS: speed(write) };
}

async function given(
  flag: number | undefined,
  measure: () => number | Promise<number>,
): Promise<Known> {
  return flag === undefined
    ? { value: await measure(), origin: MEASURED }
    : { value: flag, origin: FLAG };
}

function modelled(
  flag: number | undefined,
  compute: () => number,
  from: () => string,
): Known {
  return flag === undefined
    ? { value: compute(), origin: `modelled: ${from()}` }
    : { value: flag, origin: FLAG };
}
