/**
 * `deno task generate` as a process: what it prints and where, how it ends, and what it refuses.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { evalSchema, generateSchema } from "@transformer-xl/eval";
import { CharacterVocabulary, createModel, saveModel, WordVocabulary } from "@transformer-xl/model";
import { ReferenceDevice } from "@transformer-xl/runtime";
import { saveRandomModel } from "../../support/evaluation/scored_model.ts";
import { callProgram } from "../../support/processes/called_program.ts";
import { type Ended, type Flags, Program, runProgram, words } from "../../support/program.ts";
import { Scratch } from "../../support/small_run.ts";

const CHARACTERS = new CharacterVocabulary([..."abcdefghij \n"]);

function generated(flags: Flags, input?: string): Promise<Ended> {
  return runProgram("eval/generation", { device: "cpu", ...flags }, {}, input);
}

Deno.test("the prompt and its continuation are printed, and eval --generate does the same", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(scratch.at("model.safetensors"), CHARACTERS);
  const flags = { model, prompt: ["abc", "def"], length: 30, seed: 4 };
  const { code, stdout, stderr } = await generated(flags);
  assertEquals(code, 0, stderr);
  const text = `${stdout}\n`;
  assert(text.startsWith("abc def"), text);
  assert([30, 31].includes(text.length - "abc def".length), text); // one more ends the line
  assertMatch(
    stderr,
    /^checkpoint : .*\n(?:device: .*\n)seed : 4\n30 tokens generated, [\d.]+ ms per token; prompt of length 7 /,
  );
  const other = await callProgram("eval", { generate: true, device: "cpu", ...flags });
  assertEquals([other.code, other.stdout], [0, stdout], other.stderr);
  const bare = await generated({ ...flags, no_echo: true });
  assertEquals(`${bare.stdout}\n`.trimEnd(), text.slice("abc def".length).trimEnd());
});

Deno.test("samples follow each other, and end before a stop text", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(scratch.at("model.safetensors"), CHARACTERS);
  const flags = { model, prompt: "abc", samples: 3, length: 80, seed: 4 };
  const samplesOf = ({ stdout }: Ended) =>
    `${stdout}\n`.split(/\n?sample \d of 3:\n/).slice(1).map((text) => text.replace(/\n$/, ""));
  const whole = samplesOf(await generated(flags));
  const stop = "a";
  const cut = samplesOf(await generated({ ...flags, stop }));
  assertEquals(cut.length, 3);
  for (const [i, text] of whole.entries()) {
    const end = text.indexOf(stop, 3);
    const want = end < 0 ? text : text.slice(0, end);
    assertEquals(cut[i]!.replace(/\n+$/, ""), want.replace(/\n+$/, ""));
  }
});

Deno.test("a prompt comes from a file or standard input, and may be longer than the memory", async () => {
  await using scratch = new Scratch();
  const vocabulary = WordVocabulary.fromText("one two three four five six\n");
  const model = await saveRandomModel(scratch.at("model.safetensors"), vocabulary);
  const prompt = "one two three\n".repeat(20) + "four";
  const file = await scratch.text("prompt.txt", `${prompt}\n`);
  const flags = { model, length: 5, temperature: 0, mem_len: 8, tgt_len: 16 };
  const first = await generated({ ...flags, prompt_file: file });
  assertEquals(first.code, 0, first.stderr);
  assert(first.stdout.startsWith(prompt));
  assertStringIncludes(first.stderr, "prompt of length 81 ");
  const second = await generated({ ...flags, prompt: "-" }, `${prompt}\n`);
  assertEquals(second.stdout, first.stdout, second.stderr);
});

Deno.test("a text without a reader ends quietly", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(scratch.at("model.safetensors"), CHARACTERS);
  const flags = { model, device: "cpu", prompt: "a", length: 1_000_000, seed: 1 };
  const cli = new URL("../../../eval/generation/cli.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", cli.href, ...words(flags)],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const stderr = await new Response(child.stderr).text();
  assertEquals((await child.status).code, 0, stderr);
  assertMatch(stderr, /^checkpoint : .*\ndevice: .*\nseed : 1\n$/);
});

Deno.test("a signal ends the text after its token, and the line", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(scratch.at("model.safetensors"), CHARACTERS);
  const flags = { model, device: "cpu", prompt: "abc\n", length: 1_000_000, seed: 1 };
  const program = new Program("eval/generation", flags);
  await program.printed(/^abc$/);
  program.signal("SIGTERM");
  const { code, stderr } = await program.ended();
  assertEquals(code, 143, stderr);
  assertMatch(stderr, /seed : 1\n\d+ tokens? generated.*\n$/);
});

Deno.test("learned positions of the reference are shared by memory and prompt, or are too few", async () => {
  await using scratch = new Scratch();
  const model = scratch.at("model.safetensors");
  using device = new ReferenceDevice({ precision: "f32" });
  using learned = await createModel(device, {
    ...{ vocabSize: CHARACTERS.size, nLayer: 1, nHead: 2, dModel: 16, dHead: 8 },
    ...{ attnType: 3, positionRows: 24, compat: "head" },
  });
  await saveModel(model, learned, CHARACTERS);
  const flags = { model, prompt: "abc".repeat(12), length: 3, seed: 1 };
  const { code, stderr } = await generated(flags);
  assertEquals(code, 0, stderr);
  const refused = await generated({ ...flags, mem_len: 64 });
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "lower --mem_len, or use --compat none");
  assertEquals((await generated({ ...flags, mem_len: 64, compat: "none" })).code, 0);
});

Deno.test("wrong flags are one sentence with exit code 2", async () => {
  await using scratch = new Scratch();
  const model = await saveRandomModel(scratch.at("model.safetensors"), CHARACTERS);
  const file = await scratch.text("prompt.txt", "abc");
  const refused = async (
    flags: Flags,
    says: RegExp,
    name: "eval" | "eval/generation" = "eval/generation",
  ) => {
    const { code, stdout, stderr } = await callProgram(name, { device: "cpu", ...flags });
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr.replace(/^checkpoint.*\n/, ""), new RegExp(`^error: ${says.source}.*\n$`));
  };
  await refused(
    { model, temperature: -1 },
    /Cannot parse --temperature: got "-1", want a number >= 0/,
  );
  await refused(
    { model, prompt: "a", prompt_file: file },
    /Cannot continue --prompt and --prompt_file/,
  );
  await refused({ model, prompt: "xyz" }, /Cannot encode the character "x"/);
  await refused({ work_dir: scratch.path }, /Cannot evaluate ".*": it holds neither/);
  await refused({ model, "generate=true": true }, /Cannot generate with a shortened/, "eval");
});

Deno.test("every flag of generation has a range: wrong values are refused by the schema", () => {
  const wrong = {
    length: [0, 1.5],
    samples: [0, 5000],
    stop: [[""], "a"],
    temperature: [-0.1, NaN],
    topK: [0, 2.5],
    topP: [0, 1.1],
    minP: [-0.1, 1.1],
    repetitionPenalty: [0, -1],
    seed: [-1, 2 ** 32],
    memLen: [0, -5],
    tgtLen: [0],
    clampLen: [-2],
    cache: ["none"],
    compat: ["2020"],
    device: ["tpu"],
  };
  assertEquals(generateSchema.safeParse({}).success, true);
  for (const [key, values] of Object.entries(wrong)) {
    for (const value of values) {
      assertEquals(generateSchema.safeParse({ [key]: value }).success, false, `${key} ${value}`);
    }
  }
  assert(evalSchema.parse({}).generate === false);
});
