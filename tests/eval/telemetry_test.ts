/**
 * Traces and metrics of generation and inspection, as a collector receives them.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CharacterVocabulary } from "@transformer-xl/model";
import { saveRandomModel } from "../support/evaluation/scored_model.ts";
import { attributesOf, Collector, type ReceivedSpan } from "../support/processes/collector.ts";
import { runProgram } from "../support/program.ts";
import { Scratch } from "../support/small_run.ts";

const CHARACTERS = new CharacterVocabulary([..."abcdefghij \n"]);

/** The one span of a program, and those in it. */
function spansOf({ spans }: Collector, name: string) {
  const [run, ...others] = spans.filter((span) => span.name === name);
  assert(run !== undefined, name);
  assertEquals([others.length, run.parentSpanId], [0, ""]);
  const inside = spans.filter(({ parentSpanId }) => parentSpanId === run.spanId);
  for (const span of inside) {
    assert(BigInt(span.startTimeUnixNano) <= BigInt(span.endTimeUnixNano), span.name);
    assertEquals(span.traceId, run.traceId);
  }
  return { run, inside };
}

function attribute(span: ReceivedSpan | undefined, name: string) {
  return attributesOf(span!)[`transformer_xl.${name}`];
}

Deno.test("a collector receives prompt, tokens and speed of a generated text", async () => {
  await using scratch = new Scratch();
  await using collector = new Collector("transformer-xl");
  const model = await saveRandomModel(scratch.at("model.safetensors"), CHARACTERS);
  const flags = { model, device: "cpu", prompt: "abc", length: 5, samples: 2 } as const;
  const { code, stderr } = await runProgram("eval/generation", flags, collector.env);
  assertEquals(code, 0, stderr);
  const { run, inside } = spansOf(collector, "generate");
  assertEquals([run.status.code, attribute(run, "checkpoint")], [0, model]);
  assertEquals(inside.map(({ name }) => name), ["start-up", "prompt", "tokens"]);
  const [, prompt, tokens] = inside;
  assertEquals(attribute(prompt, "tokens"), 3);
  assertEquals([attribute(tokens, "tokens"), attribute(tokens, "samples")], [10, 2]);
  const value = (name: string) => collector.metrics.get(`transformer_xl.${name}`)!.points[0]!;
  assertEquals(Number(value("generated_tokens").asInt ?? value("generated_tokens").asDouble), 10);
  assertEquals(value("throughput").asDouble, attribute(tokens, "throughput"));
  assertEquals(Number(value("prompt.duration").count), 1);
});

Deno.test("a text of one token has no speed, and an error is that of its span", async () => {
  await using scratch = new Scratch();
  await using collector = new Collector("transformer-xl");
  const model = await saveRandomModel(scratch.at("model.safetensors"), CHARACTERS);
  const flags = { model, device: "cpu", prompt: "abc", length: 1 } as const;
  assertEquals((await runProgram("eval/generation", flags, collector.env)).code, 0);
  const [, , tokens] = spansOf(collector, "generate").inside;
  assertEquals([attribute(tokens, "tokens"), attribute(tokens, "throughput")], [1, undefined]);
  collector.spans.length = 0;
  const wrong = { ...flags, prompt: "xyz" };
  const { code, stderr } = await runProgram("eval/generation", wrong, collector.env);
  const { run } = spansOf(collector, "generate");
  assertEquals([code, run.status.code, run.events.map(({ name }) => name)], [2, 2, ["exception"]]);
  assertStringIncludes(stderr, run.status.message);
});

Deno.test("a collector receives the parts of an inspection", async () => {
  await using scratch = new Scratch();
  await using collector = new Collector("transformer-xl");
  const model = await saveRandomModel(scratch.at("model.safetensors"), CHARACTERS);
  const lengths = { tgt_len: 4, mem_len: 8, mem_step: 4 } as const;
  const flags = { model, device: "cpu", manual: "abcdefghij ".repeat(4), ...lengths } as const;
  const { code, stderr } = await runProgram("eval/inspection", flags, collector.env);
  assertEquals(code, 0, stderr);
  const { run, inside } = spansOf(collector, "inspect");
  assertEquals([run.status.code, attribute(run, "checkpoint")], [0, model]);
  assertEquals(
    inside.map((span) => [span.name, attribute(span, "mem_len")]),
    [
      ["start-up", undefined],
      ["surprise", undefined],
      ["heads", undefined],
      ["memory", 0],
      ["memory", 4],
      ["memory", 8],
    ],
  );
  for (const [i, span] of inside.slice(1).entries()) {
    assertEquals(span.startTimeUnixNano, inside[i]!.endTimeUnixNano);
  }
});
