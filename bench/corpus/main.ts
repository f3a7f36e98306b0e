/**
 * `deno run -A bench/corpus/main.ts`: a long text is counted, encoded and opened again, beside a program
 * that splits lines. The text is synthetic and lies in a temporary folder; every part is a process
 * of its own.
 *
 * @module
 */
import { runBenchProgram } from "../harness/bench_program.ts";
import { corpusBenchLines, type CorpusPart, type PartResult } from "./results.ts";
import { type CorpusBenchFlags, corpusBenchSchema } from "./settings.ts";
import { writeSyntheticText } from "./synthetic_text.ts";

const SEED = 1111;

if (import.meta.main) {
  await runBenchProgram("bench/corpus/main.ts", corpusBenchSchema, async (flags) => {
    for (const line of await measureCorpus(flags)) console.log(line);
    return 0;
  });
}

/** Measures a synthetic text in a temporary folder; returns the lines about it. */
export async function measureCorpus(
  { megabytes, words, rounds }: CorpusBenchFlags,
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "corpus-" });
  try {
    const path = `${folder}/text.txt`;
    const cache = `${folder}/cache`;
    const bytes = await writeSyntheticText(path, { bytes: megabytes * 1e6, words, seed: SEED });
    const results: Record<CorpusPart, PartResult[]> = { build: [], reopen: [], lines: [] };
    for (let round = 0; round < rounds; round++) {
      for (const part of ["build", "reopen", "lines"] as const) {
        results[part].push(await measurePart(part, path, cache));
      }
      await Deno.remove(cache, { recursive: true });
    }
    return corpusBenchLines(bytes, results);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measurePart(part: CorpusPart, path: string, cache: string): Promise<PartResult> {
  const program = new URL("part.ts", import.meta.url).href;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, part, path, cache],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot measure "${part}": its process failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
