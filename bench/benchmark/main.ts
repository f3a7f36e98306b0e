/**
 * `deno task benchmark infer|train|scaling|stability`: tables of this machine beside published
 * figures of the PyTorch reference.
 *
 * @module
 */
import { REMEDIES } from "@transformer-xl/model";
import {
  ConfigError,
  flagHelp,
  nearestName,
  parseFlags,
  quoted,
  runCli,
  useWebGpuFor,
  wantsHelp,
  withRemedies,
} from "@transformer-xl/runtime";
import { skipExitHandlers } from "@transformer-xl/runtime/setup";
import type { z } from "zod";
import { infer } from "./infer.ts";
import { inferSchema, stabilitySchema, trainingSchema, weakScalingSchema } from "./settings.ts";
import { stability } from "./stability.ts";
import { training } from "./training.ts";
import { weakScaling } from "./weak_scaling.ts";

type Print = (line: string) => void;

/** A benchmark by its name on the command line. */
interface Benchmark {
  readonly schema: z.ZodObject;
  readonly description: string;
  /** Runs with the words after the name and returns the exit code. */
  readonly run: (argv: readonly string[], print: Print) => Promise<number>;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  infer: benchmark(
    inferSchema,
    "Latency and throughput of evaluation by batch size, with random weights.",
    async (flags, print) => {
      await useWebGpuFor(flags);
      const tables = [...(await infer(flags, print)).values()].flat();
      return tables.some(({ summary }) => summary !== undefined) ? 0 : 1;
    },
  ),
  train: benchmark(
    trainingSchema,
    "Throughput of training in one process by batch size, on random text.",
    async (flags, print) => {
      await useWebGpuFor(flags);
      return (await training(flags, print)).length > 0 ? 0 : 1;
    },
  ),
  scaling: benchmark(
    weakScalingSchema,
    "Throughput of training in several processes, each with a batch of its own, on random text.",
    async (flags, print) => {
      await useWebGpuFor(flags); // the processes inherit it
      return (await weakScaling(flags, print)).length > 0 ? 0 : 1;
    },
  ),
  stability: benchmark(
    stabilitySchema,
    "Validation perplexity of runs that differ in the seed alone.",
    async (flags, print) => await stability(flags, print),
  ),
};

function benchmark<S extends z.ZodObject>(
  schema: S,
  description: string,
  run: (flags: z.output<S>, print: Print) => Promise<number>,
): Benchmark {
  return {
    schema,
    description,
    run: (argv, print) => run(parseFlags(schema, argv).config as z.output<S>, print),
  };
}

if (import.meta.main) await runCli(() => runBenchmark(Deno.args));

/**
 * Runs the benchmark of a command line.
 *
 * @param argv its name and flags
 * @returns exit code
 * @throws user errors, see {@link runCli}
 */
export async function runBenchmark(argv: readonly string[]): Promise<number> {
  return await withRemedies(REMEDIES, () => main(argv));
}

async function main([name, ...argv]: readonly string[]): Promise<number> {
  const names = Object.keys(BENCHMARKS);
  if (name === undefined || wantsHelp([name])) {
    console.log(`Usage: deno task benchmark ${names.join("|")} [flags]\n`);
    for (const [each, { description }] of Object.entries(BENCHMARKS)) {
      console.log(`  ${each.padEnd(12)}${description}`);
    }
    return name === undefined ? 2 : 0;
  }
  const chosen = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (chosen === undefined) {
    const near = nearestName(name, names);
    throw new ConfigError(
      `Cannot run benchmark ${quoted(name)}: there is none of that name, ` +
        (near === undefined ? `use one of ${names.join(", ")}` : `did you mean ${near}?`),
    );
  }
  if (wantsHelp(argv)) {
    const { schema, description } = chosen;
    console.log(flagHelp(schema, { usage: `deno task benchmark ${name} [flags]`, description }));
    return 0;
  }
  try {
    return await chosen.run(argv, (line) => console.log(line));
  } finally {
    skipExitHandlers();
  }
}
