/**
 * One part of the measurement of long texts, in a process of its own, so that its peak of memory is
 * known: `part.ts PART FILE CACHE`.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import { Batches, openCorpus } from "@transformer-xl/model";
import process from "node:process";
import { type CorpusPart, type PartResult, SEGMENTS } from "./results.ts";

type Found = Pick<PartResult, "tokens" | "symbols" | "segmentMs">;

if (import.meta.main) {
  const [part, file, cacheDir] = Deno.args as [CorpusPart, string, string];
  const startMs = performance.now();
  const before = process.cpuUsage();
  const ends = { seconds: 0, processorSeconds: 0 };
  /** Called when the measured part is over. */
  const stop = () => {
    const { user, system } = process.cpuUsage(before);
    ends.seconds = (performance.now() - startMs) / 1e3;
    ends.processorSeconds = (user + system) / 1e6;
  };
  const found = part === "lines"
    ? await countLines(file, stop)
    : await open(part, file, cacheDir, stop);
  const result: PartResult = { ...found, ...ends, peakBytes: peakBytes() };
  console.log(JSON.stringify(result));
}

async function open(
  part: CorpusPart,
  path: string,
  cacheDir: string,
  stop: () => void,
): Promise<Found> {
  using corpus = await openCorpus({ dataset: "text", path, cacheDir });
  stop();
  const { source: { cached }, vocabulary, counts, train } = corpus;
  if (cached !== (part === "reopen")) {
    throw new Error(`The text was ${cached ? "" : "not "}taken from the cache`);
  }
  const tokens = counts.train.tokens + counts.valid.tokens + counts.test.tokens;
  const batches = new Batches(train, { batchSize: SEGMENTS.columns, tgtLen: SEGMENTS.rows });
  const startMs = performance.now();
  let read = 0;
  for (const segment of batches.segments()) {
    read += Math.sign(segment.targetRows);
    if (read === SEGMENTS.count) break;
  }
  const segmentMs = (performance.now() - startMs) / read;
  return { tokens, symbols: vocabulary.size, segmentMs };
}

/** Counts as a program without a byte scan does: lines of the standard library, split. */
async function countLines(path: string, stop: () => void): Promise<Found> {
  const counts = new Map<string, number>();
  let tokens = 0;
  const file = await Deno.open(path);
  const lines = file.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    for (const word of line.split(" ")) {
      if (word === "") continue;
      counts.set(word, (counts.get(word) ?? 0) + 1);
      tokens++;
    }
    tokens++; // the end of the line
  }
  stop();
  return { tokens, symbols: counts.size + 1, segmentMs: 0 };
}

function peakBytes(): number {
  if (Deno.build.os !== "linux") return 0;
  const status = Deno.readTextFileSync("/proc/self/status");
  return 1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0);
}
