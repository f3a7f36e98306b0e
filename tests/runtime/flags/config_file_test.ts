import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  chosenConfigFile,
  ConfigError,
  foreignFlag,
  type Mapping,
  parseFlags,
  readConfigFile,
  type SectionChoice,
  settingsYaml,
} from "@transformer-xl/runtime";
import { z } from "zod";
import { Scratch } from "../../support/small_run.ts";

const TRAIN: SectionChoice = { program: "train", section: null };

/** The settings of a text. */
async function read(text: string, choice: Partial<SectionChoice> = {}): Promise<Mapping> {
  await using scratch = new Scratch();
  return await readConfigFile(await scratch.text("settings.yaml", text), { ...TRAIN, ...choice });
}

/** The message of a refused text: one short line. */
async function refusal(text: string, choice: Partial<SectionChoice> = {}): Promise<string> {
  const { message } = await assertRejects(() => read(text, choice), ConfigError);
  assert(!message.includes("\n") && message.length < 400, message);
  return message.replace(/^Cannot (read|use section "\S+" of) configuration file "[^"]+": /, "");
}

Deno.test("a configuration file is YAML or JSON", async () => {
  const settings = { n_layer: 3, lr: 0.001, roll: true, data: "a b", max_vocab: null };
  assertEquals(
    await read("# a run\nn_layer: 3\nlr: 1e-3\nroll: true\ndata: a b\nmax_vocab:\n"),
    settings,
  );
  assertEquals(await read(JSON.stringify(settings)), settings);
  assertEquals(await read("\ufeff\t" + JSON.stringify(settings, null, "\t")), settings);
  assertEquals(await read("{n_layer: 3, cutoffs: [1, 2]}"), { n_layer: 3, cutoffs: [1, 2] });
  assertEquals(await read("{}"), {});
});

Deno.test("merge keys take the settings of an anchor, and own settings override them", async () => {
  const text = `
base: &base { lr: 0.1, clip: 1 }
other: &other { lr: 0.2, mom: 0.5 }
result: { lr: 0.3, <<: *base }
first: { <<: [*other, *base] }
chain: &chain { <<: *base, seed: 1 }
last: { <<: *chain, seed: 2 }
`;
  const { result, first, last } = await read(text);
  assertEquals(result, { lr: 0.3, clip: 1 });
  assertEquals(first, { lr: 0.2, mom: 0.5, clip: 1 });
  assertEquals(last, { lr: 0.1, clip: 1, seed: 2 });
});

const SECTIONS = `
default: &default
  train: &train
    n_layer: 2
  eval: &eval
    tgt_len: 64
large:
  <<: *default
  train:
    <<: *train
    n_layer: 18
bench:
  train:
    <<: *train
    max_step: 500
empty: { train: , eval: }
`;

Deno.test("a file with sections gives those of one program", async () => {
  assertEquals(await read(SECTIONS), { n_layer: 2 });
  assertEquals(await read(SECTIONS, { program: "eval" }), { tgt_len: 64 });
  assertEquals(await read(SECTIONS, { section: "large" }), { n_layer: 18 });
  assertEquals(await read(SECTIONS, { program: "eval", section: "large" }), { tgt_len: 64 });
  assertEquals(await read(SECTIONS, { section: "bench" }), { n_layer: 2, max_step: 500 });
  assertEquals(await read(SECTIONS, { section: "empty" }), {});
  const alone = "train: { n_layer: 4 }\neval: { tgt_len: 8 }";
  assertEquals(await read(alone, { program: "eval" }), { tgt_len: 8 });
});

Deno.test("a missing section or subsection is an error that lists the sections", async () => {
  assertEquals(
    await refusal(SECTIONS, { section: "larg" }),
    'it has default, large, bench, empty; did you mean "large"?',
  );
  assertEquals(
    await refusal(SECTIONS, { program: "eval", section: "bench" }),
    'it has no "eval"; default, large have one',
  );
  assertEquals(
    await refusal("a: { train: { n_layer: 2 } }"),
    "it has a",
  );
  assertEquals(
    await refusal("n_layer: 2", { section: "large" }),
    "it has no sections, only settings; leave --config out",
  );
  assertEquals(
    await refusal("default: { trian: { n_layer: 2 } }"),
    'it has "trian"; did you mean "train"?',
  );
  assertEquals(
    await refusal(`${SECTIONS}lengths: { tgt_len: 2 }`, { section: "lengths" }),
    'it has no "train" with the settings of the program',
  );
  const many = Array.from({ length: 300 }, (_, i) => `section${i}: { train: { seed: ${i} } }`);
  assertEquals((await refusal(many.join("\n"), { section: "zzz" })).includes("and 288 more"), true);
});

Deno.test("a setting beside sections is an error, and a mapping there may hold an anchor", async () => {
  for (const stray of ["n_layer: 3", "cutoffs: [1, 2]"]) {
    assertMatch(
      await refusal(SECTIONS + stray),
      /"(n_layer|cutoffs)" of .*: it stands beside the sections default, .*; move it into one of them$/,
    );
  }
  assertEquals(
    await read("lengths: &lengths { tgt_len: 2 }\ndefault: { train: { <<: *lengths } }"),
    { tgt_len: 2 },
  );
});

Deno.test("a section without a configuration file is an error, the default one excepted", async () => {
  const chosen = (config: string | null) => chosenConfigFile({ configFile: null, config }, "train");
  assertEquals(await chosen(null), {});
  assertEquals(await chosen("default"), {});
  await assertRejects(() => chosen("large"), ConfigError, "add --config_file FILE");
});

const WRONG: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ["a mapping in a value", "a: b: c", /^it is no YAML, Nested mappings .*\(line 1, column 4\)$/],
  ["a tab as indentation", "a:\n\tb: 1", /^it is no YAML, .*tab.*\(line 2, column 1\)$/i],
  ["an open bracket", "a: [1, 2", /^it is no YAML, .*\(line 1, column \d+\)$/],
  ["a setting twice", "a: 1\nb: 2\na: 3", /must be unique \(line 3, column 1\)$/],
  ["a setting twice in JSON", '{"a": 1, "a": 2}', /has the key "a" twice$/],
  ["an unknown tag", "a: !!python/object x", /^it is no YAML, .*tag.*\(line 1, column \d+\)$/i],
  [
    "two documents",
    "a: 1\n---\nb: 2",
    /^it has several documents, separated by ---, want one \(line 2, column 1\)$/,
  ],
  ["an alias of no anchor", "a: *b", /alias \*b of no anchor before it \(line 1, column 4\)$/],
  [
    "an alias of itself",
    "a: &a\n  b: *a",
    /alias \*a of no anchor before it \(line 2, column 6\)$/,
  ],
  ["a merge of a number", "a: { <<: 3 }", /merges \(<<\) something that is no mapping/],
  ["a mapping as a name", "? { a: 1 }\n: 2", /a list or mapping as the name of a setting/],
  ["a list", "[1]", /^it is no mapping of settings$/],
  ["a word", "word", /^it is no mapping of settings$/],
  ["nothing", "# nothing\n", /^it is no mapping of settings$/],
];

for (const [what, text, message] of WRONG) {
  Deno.test(`a configuration file with ${what} is refused in one sentence`, async () => {
    const got = await refusal(text);
    assert(message.test(got), got);
  });
}

/** Each list holds the one before several times. */
function bomb(open: string, of: (name: string) => string, close: string): string {
  const lines = Array.from(
    { length: 25 },
    (_, i) => `a${i + 1}: &a${i + 1} ${open}${of(`*a${i}`)}${close}`,
  );
  return ["a0: &a0 { x: 1 }", ...lines].join("\n");
}

const HOSTILE: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  [
    "lists of aliases",
    bomb("[", (a) => Array(9).fill(a).join(", "), "]"),
    /more than 20000 values/,
  ],
  ["merges of merges", bomb("{ <<: [", (a) => `${a}, ${a}`, "] }"), /more than 20000 values/],
  ["deep brackets", "a: " + "[".repeat(30_000), /nested deeper than 16/],
  ["deep dashes", "- ".repeat(30_000), /nested deeper than 16/],
  ["deep JSON", '{"a":'.repeat(30_000), /nested deeper than 16/],
  ["many values", "a: [" + "1,".repeat(30_000) + "1]", /more than 20000 values/],
  ["many values of JSON", `{"a": [${"1,".repeat(200_000)}1]}`, /more than 20000 values/],
  ["much YAML", "a: 1\n".repeat(20_000), /100000 characters of YAML, at most 65536/],
];

for (const [what, text, message] of HOSTILE) {
  Deno.test(`a configuration file with ${what} is refused quickly`, async () => {
    const startMs = performance.now();
    const got = await refusal(text);
    assert(message.test(got), got);
    assertLess(performance.now() - startMs, 5000);
  });
}

Deno.test("readConfigFile() wants a file of at most 1 MiB", async () => {
  await using scratch = new Scratch();
  const of = (path: string) => () => readConfigFile(path, TRAIN);
  const path = await scratch.text("large.json", "{}");
  await Deno.truncate(path, 2 ** 30); // sparse
  await assertRejects(of(path), ConfigError, "at most 1048576 are read");
  await assertRejects(of("/dev/null"), ConfigError, "a pipe, socket or device");
  await assertRejects(of(scratch.path), ConfigError, "it is a folder");
  await assertRejects(of("x".repeat(5000)), ConfigError, "Cannot read");
  await assertRejects(of(scratch.at("none")), ConfigError, "there is no such file");
});

const schema = z.strictObject({
  configFile: z.string().nullable().default(null).meta({ flagOnly: true }),
  nLayer: z.int().positive().default(16).meta({ group: "Model" }),
  lr: z.number().default(0.01),
  roll: z.boolean().default(false),
  compat: z.enum(["head", "2019"]).default("head"),
  cutoffs: z.array(z.int()).default([]),
  data: z.string().nullable().default(null),
  manualConfig: z.record(z.string(), z.unknown()).nullable().default(null),
  restart: z.union([z.boolean(), z.string()]).default(false),
});
const foreign = [foreignFlag("cuda", { instead: "a GPU is used" })];

Deno.test("values of a file are read like those of the command line where their type differs", () => {
  const { config } = parseFlags(schema, [], {
    file: { lr: "1e-3", compat: 2019, cutoffs: "10,20", manual_config: '{"n_token": 3}', data: 7 },
  });
  assertEquals([config.lr, config.compat, config.cutoffs], [0.001, "2019", [10, 20]]);
  assertEquals([config.manualConfig, config.data], [{ n_token: 3 }, "7"]);
  for (const [name, value] of [["roll", "yes"], ["lr", "fast"], ["n_layer", "0"]]) {
    const refused = () => parseFlags(schema, [], { file: { [name!]: value } });
    assertThrows(refused, ConfigError, `Cannot use "${name}" of the configuration file`);
  }
  const infinite = () => parseFlags(schema, [], { file: { lr: Infinity } });
  assertThrows(infinite, ConfigError, "got Infinity, want a number");
});

Deno.test("the command line beats the file and can switch off what it switches on", () => {
  const file = { roll: true, n_layer: 4, lr: 0.5 };
  const of = (...argv: string[]) => parseFlags(schema, argv, { file }).config;
  assertEquals(of().roll, true);
  assertEquals(of("--no_roll").roll, false);
  assertEquals(of("--roll=false", "--n_layer", "8").roll, false);
  assertEquals(of("--n_layer", "8").nLayer, 8);
});

Deno.test("an unknown setting of a file is an error with the nearest name as written there", () => {
  const message = (name: string) =>
    assertThrows(() => parseFlags(schema, [], { file: { [name]: 1 }, foreign }), ConfigError)
      .message;
  for (
    const [wrong, near] of [
      ["n_layers", "n_layer"],
      ["nLayers", "nLayer"],
      ["n-layers", "n-layer"],
      ["no_roll", "roll"],
      ["cudda", "cuda"],
    ]
  ) {
    assertEquals(
      message(wrong!),
      `Cannot use "${wrong}" of the configuration file: there is no such setting, did you mean ` +
        `"${near}"?`,
    );
  }
  assertEquals(message("zzzzzz").endsWith("there is no such setting; see --help"), true);
});

Deno.test("a file neither names another file nor fails on a setting that is off", () => {
  const of = (file: Mapping) => () => parseFlags(schema, [], { file, foreign });
  assertThrows(of({ config_file: "b.yaml" }), ConfigError, "only the command line gives");
  assertEquals(of({ config_file: null, cuda: false })().notes, []);
  assertEquals(of({ cuda: true })().notes, ["--cuda: a GPU is used"]);
});

Deno.test("settingsYaml() is read back to the same configuration", async () => {
  const odd = [
    "true",
    "No",
    "~",
    "2019",
    "1e5",
    "a: b",
    "# x",
    "",
    "a\nb",
    "ü",
    "-",
    "*a",
    "/a/b.c",
  ];
  for (const data of odd) {
    const config = schema.parse({ data, cutoffs: [3, 9], lr: 1e-7, compat: "2019" });
    const file = await read(settingsYaml(schema, config));
    assertEquals(parseFlags(schema, [], { file }).config, config);
  }
});
