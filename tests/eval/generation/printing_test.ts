/**
 * Printing of samples, speeds, and the memory of generation.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { contextLengths, SamplePrinter, SpeedMeter } from "@transformer-xl/eval";
import type { ModelCheckpoint, ModelConfig } from "@transformer-xl/model";

/** What is printed after each call. */
function printed(
  samples: number,
  steps: (printer: SamplePrinter) => Iterable<void>,
): readonly string[] {
  const texts: string[] = [];
  let text = "";
  const printer = new SamplePrinter({ samples, prompt: "p", write: (more) => text += more });
  for (const _ of steps(printer)) {
    texts.push(text);
    text = "";
  }
  return texts;
}

Deno.test("one sample is printed as it grows, and its line is ended", () => {
  const texts = printed(1, function* (printer) {
    yield printer.begin();
    yield printer.push({ sample: 0, text: "a" });
    yield printer.push({ sample: 0, text: "" });
    yield printer.push({ sample: 0, text: "b", end: "length" });
    yield printer.end();
  });
  assertEquals(texts, ["p", "a", "", "b", "\n"]);
});

Deno.test("a line feed at the end is not doubled", () => {
  const texts = printed(1, function* (printer) {
    yield printer.begin();
    yield printer.push({ sample: 0, text: "a\n", end: "length" });
    yield printer.end();
  });
  assertEquals(texts, ["p", "a\n", ""]);
});

Deno.test("later samples are printed when those before them have ended", () => {
  const texts = printed(3, function* (printer) {
    yield printer.begin();
    yield printer.push({ sample: 0, text: "a" });
    yield printer.push({ sample: 1, text: "b", end: "stop" });
    yield printer.push({ sample: 2, text: "c" });
    yield printer.push({ sample: 0, text: "A", end: "length" });
    yield printer.push({ sample: 2, text: "C" });
    yield printer.end();
  });
  assertEquals(texts, [
    "sample 1 of 3:\np",
    "a",
    "",
    "",
    "A\n\nsample 2 of 3:\npb\n\nsample 3 of 3:\npc",
    "C",
    "\n",
  ]);
});

Deno.test("a text that is stopped prints what there is of all samples", () => {
  const texts = printed(2, function* (printer) {
    yield printer.begin();
    yield printer.push({ sample: 0, text: "a" });
    yield printer.push({ sample: 1, text: "b" });
    yield printer.end();
  });
  assertEquals(texts, ["sample 1 of 2:\np", "a", "", "\n\nsample 2 of 2:\npb\n"]);
});

Deno.test("speed is that of the tokens after the first, which has read the prompt", () => {
  let now = 100;
  const meter = new SpeedMeter(12, () => now);
  const lines = [];
  for (const [position, at] of [[0, 150], [1, 160], [2, 180]] as const) {
    now = at;
    meter.count({ position });
    lines.push(meter.line(1));
  }
  assertEquals(lines, [
    "1 token generated; prompt of length 12 read in 50.0 ms",
    "2 tokens generated, 10.00 ms per token; prompt of length 12 read in 50.0 ms",
    "3 tokens generated, 15.00 ms per token; prompt of length 12 read in 50.0 ms",
  ]);
});

Deno.test("the context is the longest of training, or that of an evaluation", () => {
  const config = { positionRows: 0 } as ModelConfig;
  const of = (checkpoint: Pick<ModelCheckpoint, "config" | "trained">) => {
    const { segmentLen, memLen } = contextLengths(checkpoint, 64);
    return [segmentLen, memLen];
  };
  const trained = { config: { tgtLen: 192, memLen: 192 } };
  assertEquals(of({ config, trained }), [64, 383]);
  assertEquals(of({ config, trained: { config: { tgtLen: 1, memLen: 0 } } }), [64, 1]);
  assertEquals(of({ config, trained: null }), [64, 640]);
  assertEquals(of({ config: { ...config, positionRows: 384 }, trained }), [64, 320]);
  assertEquals(of({ config: { ...config, positionRows: 25 }, trained }), [13, 12]);
});
