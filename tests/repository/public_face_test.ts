/**
 * The public face, `mod.ts`: about thirty names, listed by hand, and a toy model in six statements.
 *
 * @module
 */
import * as face from "@transformer-xl/mod";
import { assert, assertEquals } from "@std/assert";
import { ROOT } from "./rules/source_tree.ts";

const TEXT = Deno.readTextFileSync(new URL("mod.ts", ROOT));

/** Names in the export lists of a text, types included. */
function exportedNames(text: string): string[] {
  return [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) =>
    list!.split(",").map((name) => name.trim().replace(/^type /, "")).filter((name) => name !== "")
  );
}

Deno.test("mod.ts lists about thirty names by hand", () => {
  assert(!/^export \*/m.test(TEXT));
  const names = exportedNames(TEXT);
  assertEquals(names.filter((name, i) => names.indexOf(name) !== i), []);
  assert(names.length >= 25 && names.length <= 36, `${names.length} names`);
  assertEquals(Object.keys(face).filter((name) => !names.includes(name)), []);
});

Deno.test("the example of mod.ts trains a toy model in six statements", () => {
  const example = TEXT.replaceAll(/^ \* /gm, "");
  for (
    const statement of [
      'using device = await openDevice("auto");',
      "using model = await createModel(device, { vocabSize: 4, nLayer: 1, dModel: 16 }, { training: true, seed: 1 });",
      'using step = await TrainStep.record(model, { batchSize: 2, tgtLen: 8, memLen: 8 }, { optimizer: "adam" });',
      "for (const segment of new Batches(tokens, step.lengths).segments()) step.run(segment, { lr: 0.01 });",
      "const losses = await step.losses();",
    ]
  ) assert(example.includes(`\n${statement}`), statement);
});
