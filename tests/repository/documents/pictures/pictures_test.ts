import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ROOT } from "../../rules/source_tree.ts";
import { drawPictures } from "./draw_pictures.ts";
import { ELLIPSIS, lossesOf, shownLines } from "./transcript.ts";

const TRANSCRIPT = `
$ deno task train --preset tiny
device: llvmpipe <x>
text : many files
| epoch   1 step       50 | batches 50 / 99 | loss  4.00 | bpc   5.77
| epoch   1 step      100 | batches 99 / 99 | loss  3.00 | bpc   4.33
| epoch   2 step      150 | batches 40 / 99 | loss  2.50 | bpc   3.61
| epoch   2 step      200 | batches 90 / 99 | loss  2.00 | bpc   2.89
----
| Eval   1 at step      200 | time:  0.5s | valid loss  2.10 | bpc   3.03
====
| End of training | test time:  0.4s | test loss  2.20 | test bpc   3.17
`;

Deno.test("losses are read from the lines of a run", () => {
  const { train, valid, test } = lossesOf(TRANSCRIPT);
  assertEquals(train.map(({ step }) => step), [50, 100, 150, 200]);
  assertEquals(valid, [{ step: 200, loss: 3.03 }]);
  assertEquals(test, { step: 200, loss: 3.17 });
  assertThrows(() => lossesOf(TRANSCRIPT.split("====")[0]!), Error, "no final test");
});

Deno.test("the terminal shows commands, first steps, evaluations and results", () => {
  const shown = shownLines(TRANSCRIPT).map((line) => line === ELLIPSIS ? line : line.slice(0, 25));
  assertEquals(
    shown,
    [
      "$ deno task train --prese",
      "device: llvmpipe <x>",
      ELLIPSIS,
      "| epoch   1 step       50",
      "| epoch   1 step      100",
      ELLIPSIS,
      "| epoch   2 step      200",
      "| Eval   1 at step      20",
      "| End of training | test ",
    ].map((line) => line.slice(0, 25)),
  );
});

Deno.test("the pictures contain what the transcript says", () => {
  const pictures = drawPictures(TRANSCRIPT);
  assertStringIncludes(pictures.get("quickstart.svg")!, "llvmpipe &lt;x&gt;");
  for (const text of ["2.89 training", "3.03 validation", "3.17 test"]) {
    assertStringIncludes(pictures.get("loss_curve.svg")!, text);
  }
});

Deno.test("the pictures of the repository are complete and name no folder of their machine", () => {
  for (const name of drawPictures(TRANSCRIPT).keys()) {
    const picture = Deno.readTextFileSync(new URL(`train/pictures/${name}`, ROOT));
    assert(picture.startsWith("<svg ") && picture.endsWith("</svg>\n"), name);
    assertEquals(/\/(?:home|tmp|root|work|Users)\//.exec(picture), null);
  }
});

Deno.test("the photographs of pages that the README shows are PNG files of less than 100 KB", () => {
  const page = Deno.readTextFileSync(new URL("README.md", ROOT));
  const names = [...page.matchAll(/\]\((train\/pictures\/\w+\.png)\)/g)].map(([, name]) => name!);
  assertEquals(names.length, 3);
  for (const name of names) {
    const bytes = Deno.readFileSync(new URL(name, ROOT));
    assertEquals(bytes.subarray(0, 8).toHex(), "89504e470d0a1a0a", name);
    assert(bytes.length < 100_000, `${name} has ${bytes.length} bytes`);
  }
});
