/**
 * Files of `deno task export --pt` in PyTorch: what it reads, and the losses of a network written
 * there.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { openCheckpoint } from "@transformer-xl/model";
import { tryProgram } from "@transformer-xl/runtime/setup";
import { fileURLToPath } from "node:url";
import { exported, LENGTHS, lossOf, scoredIds } from "../../support/exchange/exported.ts";
import { trainedCheckpoint } from "../../support/model/trained_checkpoint.ts";
import { pythonWith } from "../../support/python/python_with.ts";
import { Scratch } from "../../support/small_run.ts";

const TWIN = fileURLToPath(new URL("../../support/python/torch_twin.py", import.meta.url));

const python = pythonWith("torch");

/** What the twin prints about a file. */
interface Answer {
  readonly loss: number;
  readonly shares: readonly boolean[];
  readonly keys: readonly string[];
  readonly types: readonly string[];
  readonly names: readonly string[];
  readonly model_config: Readonly<Record<string, unknown>>;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly ids?: readonly number[];
  readonly vocab?: Readonly<Record<string, unknown>>;
  readonly model?: string;
}

Deno.test({
  name: "PyTorch reads both layouts of an exported file, and computes the same loss from them",
  ignore: python === undefined,
  async fn() {
    await using scratch = new Scratch();
    const wide = { initStd: 0.3, projInitStd: 0.4, dModel: 6, data: "/home/me/text" } as const;
    const model = await trainedCheckpoint(scratch.path, wide);
    const [plain, half, nvidia] = ["plain", "half", "nvidia"].map((name) =>
      scratch.at(`${name}.pt`)
    );
    const [, , written, use] = await exported({ work_dir: scratch.path, pt: plain! });
    assertMatch(
      written!,
      /plain.pt", [\d.]+ KiB, weights, model arguments and vocabulary in float32/,
    );
    assertEquals(use, "read it with torch.load(FILE, weights_only=True)");
    await exported({ model, pt: half!, fp16: true });
    const lines = await exported({ model, pt: nvidia!, pt_layout: "nvidia" });
    await Deno.mkdir(scratch.at("other"));
    const narrow = { ...wide, preLnorm: true, notTied: true, divVal: 1, dEmbed: 4 };
    const other = await trainedCheckpoint(scratch.at("other"), narrow);
    await exported({ model: other, pt: scratch.at("other.pt") });
    assertMatch(
      lines.at(-1)!,
      /NVIDIA's eval.py reads it with full unpickling, which can run code/,
    );

    using checkpoint = await openCheckpoint(model);
    const { vocabulary, config } = checkpoint;
    const line = vocabulary.symbols.slice(5, 9).join(" ");
    const { batchSize, tgtLen, memLen } = LENGTHS;
    const request = {
      files: [
        ...[[plain, "plain"], [half, "plain"], [nvidia, "nvidia"]],
        [scratch.at("other.pt"), "plain"],
      ],
      ids: [...await scoredIds()],
      lengths: [batchSize, tgtLen, memLen],
      line,
    };
    const { code, stdout, stderr } = await tryProgram([python!, TWIN, JSON.stringify(request)]);
    assertEquals([code, stderr], [0, ""]);
    const [first, halves, classes, last] = JSON.parse(stdout) as [Answer, Answer, Answer, Answer];

    const loss = await lossOf(model);
    assertAlmostEquals(first.loss, loss, 2e-6);
    assertAlmostEquals(classes.loss, loss, 2e-6);
    assertAlmostEquals(halves.loss, loss, 2e-3);
    assertAlmostEquals(last.loss, await lossOf(other), 2e-6);
    assert(Math.abs(loss - Math.log(config.nToken)) > 0.02, `${loss} is that of any weights`);
    assertEquals([first.types, halves.types], [["torch.float32"], [
      "torch.float16",
      "torch.float32",
    ]]);
    assertEquals(first.shares, [true, true, true]);
    assertEquals(first.names, classes.names);

    assertEquals(first.keys.join(), "format,version,model,trained,model_config,model_state,vocab");
    assertEquals(JSON.parse(first.model!), config);
    assertEquals(first.vocab, { ...vocabulary.toJSON() });
    assertEquals(classes.keys.join(), "args,model_config,model_state,vocab");
    const { dropout, dropatt, ...sizes } = classes.model_config;
    assertEquals([dropout, dropatt], [config.dropout, config.dropatt]);
    assertEquals(first.model_config, { ...sizes, dropout: 0, dropatt: 0 });
    assertEquals(sizes, {
      ...{ n_token: config.nToken, n_layer: 2, n_head: 1, d_model: 6, d_head: 4, d_inner: 4 },
      ...{ dtype: null, tie_weight: true, d_embed: 6, div_val: 2, tie_projs: config.tieProjs },
      ...{ pre_lnorm: false, tgt_len: 8, ext_len: 0, mem_len: 8, cutoffs: [10, 20] },
      ...{ same_length: false, attn_type: 0, clamp_len: -1, sample_softmax: -1 },
    });
    const { vocab, dataset, adaptive, tgt_len, init_std } = classes.args!;
    assertEquals([vocab, dataset, adaptive, tgt_len, init_std], ["word", "text", true, 8, 0.3]);
    assertEquals(classes.ids, [...vocabulary.encode(`${line}\n`)]);
  },
});
