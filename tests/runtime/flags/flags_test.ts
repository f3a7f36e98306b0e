import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  ConfigError,
  flagHelp,
  flagTable,
  foreignFlag,
  missingFlag,
  parseFlags,
  scanFlags,
  wantsHelp,
} from "@transformer-xl/runtime";
import fc from "fast-check";
import { z } from "zod";

const schema = z.strictObject({
  preset: z.string().optional().describe("Named settings"),
  data: z.string().min(1).default("../data").describe("Directory of the corpus").meta({
    group: "Data",
    metavar: "PATH",
  }),
  nLayer: z.int().positive().default(16).describe("Decoder layers, L").meta({ group: "Model" }),
  clampLen: z.int().min(-1).default(-1).describe("Largest distance").meta({ group: "Model" }),
  dropout: z.number().min(0).lt(1).default(0.1).describe("Dropout").meta({ group: "Model" }),
  attnType: z.literal([0, 1, 2, 3]).default(0).describe("Attention").meta({ group: "Model" }),
  init: z.enum(["normal", "uniform"]).default("normal").describe("Initial distribution")
    .meta({ group: "Model" }),
  cutoffs: z.array(z.int().positive()).default([19997, 39997]).describe("Cluster limits")
    .meta({ group: "Model" }),
  fp16: z.boolean().default(false).describe("Half precision").meta({ group: "Training" }),
  noEval: z.boolean().default(false).describe("No evaluation").meta({ group: "Training" }),
  maxStep: z.int().positive().default(40_000).describe("Steps").meta({ group: "Training" }),
  warmupStep: z.int().min(0).default(1000).describe("Warm-up").meta({ group: "Training" }),
  targetPerplexity: z.number().nullable().default(null).describe("Goal")
    .meta({ group: "Training" }),
  restart: z.union([z.boolean(), z.string()]).default(false).describe("Checkpoint to resume")
    .meta({ group: "Training", metavar: "PATH" }),
  gpus: z.union([z.int().positive(), z.literal("all")]).default(1).describe("Processes")
    .meta({ group: "Training" }),
  manual: z.array(z.string()).optional().describe("Text to score"),
  manualConfig: z.record(z.string(), z.unknown()).optional().describe("Model as JSON"),
  ringSocket: z.string().optional().meta({ hidden: true }),
}).refine((c) => c.warmupStep <= c.maxStep, "--warmup_step must not exceed --max_step");

const config = (...argv: string[]) => parseFlags(schema, argv).config;

/** The message of a refused command line. */
function refusal(...argv: string[]): string {
  return assertThrows(() => parseFlags(schema, argv), ConfigError).message;
}

Deno.test("no flags give the schema's defaults", () => {
  const { config, given, origin } = parseFlags(schema, []);
  assertEquals(config, schema.parse({}));
  assertEquals(given.size, 0);
  assertEquals(new Set(origin.values()), new Set(["default"]));
  assertEquals([...origin.keys()], Object.keys(schema.shape));
});

Deno.test("a flag may be spelled with _ or -, its value follow a blank or =", () => {
  for (
    const argv of [["--n_layer", "4"], ["--n-layer", "4"], ["--n_layer=4"], ["--n-layer=4"]]
  ) {
    assertEquals(config(...argv).nLayer, 4);
  }
  assertEquals(config("--data=a=b c").data, "a=b c");
  assertEquals(config("--data", "-").data, "-");
  assertEquals(config("--", "--n_layer", "4").nLayer, 4);
});

Deno.test("booleans are switches with a no_ twin", () => {
  assertEquals(config("--fp16").fp16, true);
  for (const argv of ["--no_fp16", "--no-fp16", "--fp16=false"]) {
    assertEquals(parseFlags(schema, [argv], { preset: { fp16: true } }).config.fp16, false);
  }
  assertEquals(config("--no_eval").noEval, true);
  assertEquals(config("--no_no_eval").noEval, false);
  assertStringIncludes(refusal("--fp16", "true"), `Cannot parse "true": it follows no flag`);
  assertStringIncludes(refusal("--no_fp16=1"), `want no value`);
  assertStringIncludes(refusal("--fp16=yes"), `got "yes", want true or false`);
  assertStringIncludes(refusal("--no_n_layer"), "there is no such flag");
});

Deno.test("numbers may be negative and in any decimal notation", () => {
  assertEquals(config("--clamp_len", "-1").clampLen, -1);
  assertEquals(config("--dropout", "1e-3").dropout, 0.001);
  assertEquals(config("--dropout", ".5").dropout, 0.5);
  assertEquals(config("--attn_type", "2").attnType, 2);
  assertEquals(config("--target_perplexity", "23.5").targetPerplexity, 23.5);
  assertEquals(
    parseFlags(schema, ["--target_perplexity", "none"], { preset: { targetPerplexity: 3 } })
      .config.targetPerplexity,
    null,
  );
  assertEquals(config("--gpus", "8").gpus, 8);
  assertEquals(config("--gpus", "all").gpus, "all");
});

Deno.test("any number comes back from its decimal text", () => {
  const one = z.strictObject({ x: z.number() });
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
    assertEquals(parseFlags(one, ["--x", String(x)]).config.x, x);
  }));
});

Deno.test("any text comes back after =", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }).map((s) => `=${s}`), (text) => {
    assertEquals(config(`--data=${text}`).data, text);
  }));
});

Deno.test("lists take words, numbers also commas", () => {
  assertEquals(config("--cutoffs", "10,20,32").cutoffs, [10, 20, 32]);
  assertEquals(config("--cutoffs", "10", "20", "32", "--fp16").cutoffs, [10, 20, 32]);
  assertEquals(config("--cutoffs=10,20").cutoffs, [10, 20]);
  assertEquals(config("--cutoffs=").cutoffs, []);
  assertEquals(config("--manual", "Hello, world", "-- he said", "--fp16").manual, [
    "Hello, world",
    "-- he said",
  ]);
  assertStringIncludes(refusal("--cutoffs"), "Cannot parse --cutoffs: got no value");
  assertStringIncludes(
    refusal("--cutoffs", "10,x"),
    `got "x", want a list, each element an integer > 0`,
  );
  assertStringIncludes(refusal("--cutoffs", "10,-3"), `got "10,-3", want a list`);
});

Deno.test("a flag with an optional value may stand bare", () => {
  assertEquals(config("--restart").restart, true);
  assertEquals(config("--restart", "--fp16").restart, true);
  assertEquals(config("--restart", "runs/a").restart, "runs/a");
  assertEquals(config("--restart=runs/a").restart, "runs/a");
  assertEquals(config("--no_restart").restart, false);
});

Deno.test("an object is given as JSON", () => {
  assertEquals(config("--manual_config", `{"n_layer": 2}`).manualConfig, { n_layer: 2 });
  assertStringIncludes(refusal("--manual_config", "{"), "want a JSON object");
  assertStringIncludes(refusal("--manual_config", "3"), "want a JSON object");
});

Deno.test("unknown flags are refused with the nearest name, as one types it", () => {
  assertEquals(
    refusal("--n_layers", "3"),
    "Cannot parse --n_layers: there is no such flag, did you mean --n_layer?",
  );
  assertStringIncludes(refusal("--no-fp61"), "did you mean --no_fp16?");
  assertStringIncludes(refusal("--zzzzzz"), "see --help");
  assertStringIncludes(refusal("--ring_socke", "x"), "see --help");
  assertStringIncludes(refusal("stray"), `Cannot parse "stray"`);
});

Deno.test("a wrong value is refused by flag, value and what is wanted", () => {
  assertEquals(
    refusal("--n_layer", "abc"),
    `Cannot parse --n_layer: got "abc", want an integer > 0; see --help`,
  );
  assertEquals(
    refusal("--n-layer", "-3"),
    `Cannot parse --n_layer: got "-3", want an integer > 0; see --help`,
  );
  assertStringIncludes(refusal("--n_layer", "1.5"), `got "1.5", want an integer > 0`);
  assertStringIncludes(refusal("--n_layer", "0x10"), `got "0x10", want an integer > 0`);
  assertStringIncludes(refusal("--n_layer="), `got "", want an integer > 0`);
  assertStringIncludes(refusal("--n_layer", "--fp16"), "got no value, want an integer > 0");
  assertStringIncludes(refusal("--dropout", "1"), `want a number >= 0 and < 1`);
  assertStringIncludes(refusal("--init", "zeros"), `got "zeros", want one of normal, uniform`);
  assertStringIncludes(refusal("--attn_type", "4"), `want one of 0, 1, 2, 3`);
  assertStringIncludes(refusal("--gpus", "some"), `want an integer > 0 or all`);
  assertStringIncludes(refusal("--data", ""), `got "", want a text that is not empty`);
  assertStringIncludes(refusal("--target_perplexity", "low"), "want a number or none");
});

Deno.test("of a flag given twice the last one wins, whatever its spelling", () => {
  assertEquals(config("--n_layer", "3", "--n-layer=4").nLayer, 4);
  assertEquals(config("--fp16", "--no_fp16").fp16, false);
  assertEquals(config("--cutoffs", "1", "2", "--cutoffs", "3").cutoffs, [3]);
  assertEquals(config("--warmup_step", "1", "--warmup", "3").warmupStep, 3);
  assertEquals(config("--restart", "runs/a", "--restart").restart, "runs/a");
});

Deno.test("a beginning that one flag has stands for it, one that several have is refused", () => {
  assertEquals(config("--warmup", "3").warmupStep, 3);
  assertEquals(config("--target=4").targetPerplexity, 4);
  assertEquals(config("--no_f", "--no-r").restart, false);
  // An exact name is never taken for the beginning of a longer one.
  assertEquals(config("--manual", "a").manual, ["a"]);
  assertEquals(
    refusal("--n", "3"),
    "Cannot parse --n: it could be --n_layer, --no_fp16, --no_eval, --no_restart; write it out",
  );
  assertStringIncludes(refusal("--ring_s", "x"), "there is no such flag");
});

const foreign = [
  foreignFlag("cuda", { instead: "a GPU is used if there is one" }),
  foreignFlag("multi_gpu", {
    arity: "optional",
    values: ["ddp", "dp"],
    instead: "see --gpus",
    remedy: "give --gpus N",
  }),
  foreignFlag("max_eval_steps", { arity: "one", alias: "maxStep", instead: "now --max_step" }),
  missingFlag("varlen", "none", "all segments are equally long; leave it out"),
];

Deno.test("flags of another program are answered, refused by value, or stand for a setting", () => {
  const parse = (...argv: string[]) => parseFlags(schema, argv, { foreign });
  const { config, notes } = parse("--cuda", "--multi_gpu", "ddp", "--n_layer", "2", "--cuda");
  assertEquals(config, schema.parse({ nLayer: 2 }));
  assertEquals(notes, ["--cuda: a GPU is used if there is one", "--multi_gpu: see --gpus"]);
  assertEquals(parse("--multi_gpu", "--fp16").config.fp16, true);
  assertEquals(parse("--multi-gpu=dp").notes, ["--multi_gpu: see --gpus"]);
  assertEquals(parse("--max_eval_steps", "2000").config.maxStep, 2000);
  assertEquals(scanFlags(schema, ["--cuda", "--n_layer", "2"], foreign), { nLayer: 2 });
  const message = (...argv: string[]) => assertThrows(() => parse(...argv), ConfigError).message;
  assertEquals(
    message("--multi_gpu", "horovod"),
    `Cannot use --multi_gpu "horovod": want one of ddp, dp; give --gpus N`,
  );
  assertStringIncludes(message("--varlen"), "Cannot use --varlen: all segments are");
  assertStringIncludes(message("--cuda=1"), `Cannot use --cuda "1"`);
  assertStringIncludes(message("--max_eval_steps", "x"), `got "x", want an integer > 0`);
  const file = (file: Record<string, unknown>) => parseFlags(schema, [], { foreign, file });
  assertEquals(file({ cuda: true, multi_gpu: "ddp", varlen: false }).notes.length, 2);
  assertEquals(file({ maxEvalSteps: 2000 }).config.maxStep, 2000);
  assertThrows(() => file({ varlen: true }), ConfigError, "--varlen");
});

Deno.test("a refused value is quoted in one short line without control characters", () => {
  const long = refusal("--n_layer", "9".repeat(10_000));
  assert(long.length < 300, long);
  assertEquals(
    refusal("--init", "a\nb\u202ec"),
    String.raw`Cannot parse --init: got "a\\nb\u202ec", want one of normal, uniform; see --help`
      .replace("\\\\", "\\"),
  );
  const deep = JSON.parse("[".repeat(50_000) + "]".repeat(50_000));
  const message = assertThrows(
    () => parseFlags(schema, [], { file: { nLayer: deep } }),
    ConfigError,
  ).message;
  assert(message.length < 300, message);
  assertStringIncludes(message, "of the configuration file: got [[[[");
  assert(
    !/\n/.test(refusal(`--${"x".repeat(5000)}`)) && refusal(`--${"x".repeat(5000)}`).length < 300,
  );
});

Deno.test("flags overrule the file, the file the preset, the preset the defaults", () => {
  const { config, given, origin } = parseFlags(schema, ["--n_layer", "1"], {
    preset: { nLayer: 3, dropout: 0.3, maxStep: 3000 },
    file: { nLayer: 2, max_step: 2000 },
  });
  assertEquals([config.nLayer, config.maxStep, config.dropout], [1, 2000, 0.3]);
  assertEquals(config.fp16, false);
  assertEquals([...given], ["nLayer"]);
  assertEquals(
    ["nLayer", "maxStep", "dropout", "fp16"].map((key) => origin.get(key)),
    ["flag", "file", "preset", "default"],
  );
});

Deno.test("mistakes in the preset and the file name their place", () => {
  const from = (layers: Parameters<typeof parseFlags<typeof schema>>[2]) =>
    assertThrows(() => parseFlags(schema, [], layers), ConfigError).message;
  assertEquals(
    from({ file: { nLayer: "four" } }),
    `Cannot use "nLayer" of the configuration file: got "four", want an integer > 0; see --help`,
  );
  assertStringIncludes(from({ file: { nLayers: 4 } }), `did you mean "nLayer"?`);
  assertStringIncludes(from({ file: { nLayer: 4, n_layer: 4 } }), `"nLayer" says the same`);
  assertStringIncludes(
    from({ checkpoint: { nLayer: 0 } }),
    `Cannot use "n_layer" of the checkpoint: got 0`,
  );
  assertStringIncludes(
    from({ preset: { nLayer: 0 } }),
    `Cannot use "n_layer" of the preset: got 0`,
  );
  const misspelled: Record<string, unknown> = { nLayers: 3 };
  assertStringIncludes(from({ preset: misspelled }), `there is no setting "nLayers"`);
});

Deno.test("broken rules between settings and missing settings are reported", () => {
  assertEquals(
    refusal("--max_step", "10"),
    "Cannot use these settings: --warmup_step must not exceed --max_step",
  );
  const required = z.strictObject({ model: z.string() });
  assertEquals(
    assertThrows(() => parseFlags(required, []), ConfigError).message,
    "Cannot parse the command line: --model is missing, want a text; see --help",
  );
  const even = z.strictObject({ n: z.int().refine((n) => n % 2 === 0, "it must be even") });
  assertStringIncludes(
    assertThrows(() => parseFlags(even, ["--n", "3"]), ConfigError).message,
    `Cannot parse --n: got "3", it must be even`,
  );
});

Deno.test("scanFlags() reads the flags alone, before any rule between settings", () => {
  assertEquals(scanFlags(schema, ["--preset", "base", "--max_step", "10"]), {
    preset: "base",
    maxStep: 10,
  });
  assertThrows(() => scanFlags(schema, ["--max_step", "0"]), ConfigError, "--max_step");
});

Deno.test("two keys that claim one flag are a mistake of the program", () => {
  const clash = z.strictObject({ eval: z.boolean(), noEval: z.boolean() });
  assertThrows(() => parseFlags(clash, []), TypeError, "Cannot make flag --no_eval");
});

Deno.test("the help groups flags with type, meaning and default in 100 columns", () => {
  assert(wantsHelp(["--fp16", "-h"]) && wantsHelp(["--help"]) && !wantsHelp(["--fp16"]));
  const long = z.strictObject({
    x: z.int().default(1).describe("word ".repeat(40).trim()),
  });
  assert(flagHelp(long, { usage: "x" }).split("\n").every((line) => line.length <= 100));
  const help = flagHelp(schema, { usage: "deno task train [flags]", description: "Trains." });
  assertEquals(help.split("\n"), [
    "Usage: deno task train [flags]",
    "",
    "Trains.",
    "",
    "Data",
    "  --data PATH                     Directory of the corpus (default ../data)",
    "",
    "Model",
    "  --n_layer INT                   Decoder layers, L (default 16)",
    "  --clamp_len INT                 Largest distance (default -1)",
    "  --dropout FLOAT                 Dropout (default 0.1)",
    "  --attn_type 0|1|2|3             Attention (default 0)",
    "  --init normal|uniform           Initial distribution (default normal)",
    "  --cutoffs INT ...               Cluster limits (default 19997,39997)",
    "",
    "Training",
    "  --fp16, --no_fp16               Half precision (default false)",
    "  --no_eval                       No evaluation (default false)",
    "  --max_step INT                  Steps (default 40000)",
    "  --warmup_step INT               Warm-up (default 1000)",
    "  --target_perplexity FLOAT       Goal (default none)",
    "  --restart [PATH]                Checkpoint to resume (default false)",
    "  --gpus INT|all                  Processes (default 1)",
    "",
    "Other",
    "  --preset TEXT                   Named settings",
    "  --manual TEXT ...               Text to score",
    "  --manual_config JSON            Model as JSON",
    "  --help, -h                      Print this help",
  ]);
});

Deno.test("the flag table is Markdown that deno fmt leaves alone", async () => {
  const table = flagTable(schema);
  assertStringIncludes(table, "**Training**");
  assertStringIncludes(table, "| `--init`      | normal\\|uniform | `normal`");
  assert(!table.includes("ring_socket"));
  const fmt = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--line-width", "100", "--prose-wrap", "preserve", "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = fmt.stdin.getWriter();
  await writer.write(new TextEncoder().encode(table + "\n"));
  await writer.close();
  assertEquals(new TextDecoder().decode((await fmt.output()).stdout), table + "\n");
});
