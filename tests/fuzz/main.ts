/**
 * `deno task fuzz --count N --seed S`: mutated inputs, N of each kind. It ends with
 * exit code 1 at the first wrong behaviour, and names the input.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { fuzzCheckpoints } from "./fuzz_checkpoints.ts";
import { fuzzFlags } from "./fuzz_flags.ts";
import { fuzzImports } from "./imports/fuzz_imports.ts";
import { fuzzOnnx } from "./exports/fuzz_onnx.ts";
import { fuzzStrangers } from "./fuzz_strangers.ts";
import { fuzzTexts } from "./fuzz_texts.ts";

/** A fuzzer: it throws at the first wrong behaviour. */
export type Fuzzer = (options: { readonly count: number; readonly seed: number }) => Promise<void>;

/** The fuzzers by the name that `--only` takes. */
export const FUZZERS: Readonly<Record<string, Fuzzer>> = {
  checkpoints: fuzzCheckpoints,
  flags: fuzzFlags,
  imports: fuzzImports,
  onnx: fuzzOnnx,
  strangers: fuzzStrangers,
  texts: fuzzTexts,
};

if (import.meta.main) {
  const { count, seed, only } = parseArgs(Deno.args, {
    string: ["count", "seed", "only"],
    default: { count: "1000", seed: "1" },
    unknown: (word) => fail(`Cannot use "${word}": it is none of --count, --seed, --only`),
  });
  const [inputs, from] = [["count", count], ["seed", seed]].map(([name, value = ""]) =>
    /^\d{1,9}$/.test(value)
      ? Number(value)
      : fail(`Cannot use --${name} "${value}": give a whole number`)
  ) as [number, number];
  if (only !== undefined && !Object.hasOwn(FUZZERS, only)) {
    fail(`Cannot use --only "${only}": it is none of ${Object.keys(FUZZERS).join(", ")}`);
  }
  for (const [name, fuzz] of Object.entries(FUZZERS)) {
    if (only !== undefined && name !== only) continue;
    const start = performance.now();
    await fuzz({ count: inputs, seed: from });
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${inputs} ${name} of seed ${from}: nothing wrong in ${seconds} s`);
  }
}

function fail(sentence: string): never {
  console.error(`error: ${sentence}`);
  Deno.exit(2);
}
