/**
 * Command lines of NVIDIA's README as its scripts expand them, and every flag of its two programs:
 * at its default it is accepted; a value that asks for what is missing ends in one line.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { configureEvaluation, EVAL_REFERENCE_FLAGS, evalSchema } from "@transformer-xl/eval";
import { ConfigError, flagSpecs, parseFlags } from "@transformer-xl/runtime";
import {
  checkShares,
  checkTrainConfig,
  configureTraining,
  followSettings,
  modelOf,
  readGiven,
  scheduleOf,
  TRAIN_REFERENCE_FLAGS,
  type TrainConfig,
  trainSchema,
} from "@transformer-xl/train";
import { EVAL_COMMANDS, flagsOf, TRAIN_COMMANDS } from "./reference/commands.ts";

async function trainCommand(command: string) {
  const configured = configureTraining(await readGiven(command.split(" ")), undefined);
  checked(configured.config);
  return configured;
}

function train(command: string): void {
  const parsed = parseFlags(trainSchema, command.split(" "), { foreign: TRAIN_REFERENCE_FLAGS });
  checked(followSettings(parsed.config, parsed.origin));
}

function checked(config: TrainConfig): void {
  checkTrainConfig(config);
  checkShares(config, 1);
  modelOf(config, 800_000, config.adaptive ? [19_997, 39_997, 199_997] : []);
}

function evaluate(command: string) {
  return parseFlags(evalSchema, command.split(" "), { foreign: EVAL_REFERENCE_FLAGS });
}

for (const [name, command] of Object.entries(TRAIN_COMMANDS)) {
  Deno.test(`the reference's command to train is understood: ${name}`, async () => {
    const { notes } = await trainCommand(command);
    assert(notes.some((line) => /^--(cuda|multi_gpu): /.test(line)));
    assert(notes.every((line) => !line.includes("\n")), notes.join());
  });
}

for (const [name, command] of Object.entries(EVAL_COMMANDS)) {
  Deno.test(`the reference's command to evaluate is understood: ${name}`, async () => {
    const { config, notes } = await configureEvaluation(command.split(" "));
    assertEquals([config.sameLength, config.split], [true, "test"]);
    assert(notes.length >= 1);
  });
}

for (
  const [program, schema, foreign, commands] of [
    ["train", trainSchema, TRAIN_REFERENCE_FLAGS, TRAIN_COMMANDS],
    ["eval", evalSchema, EVAL_REFERENCE_FLAGS, EVAL_COMMANDS],
  ] as const
) {
  Deno.test(`each flag of the reference's commands sets its value or prints a line: ${program}`, () => {
    for (const words of Object.values(commands).flatMap(flagsOf)) {
      const name = words[0]!.replace("--", "").replaceAll("-", "_");
      const { config, notes } = parseFlags(schema, words, { foreign });
      const spec = flagSpecs(schema).find((each) => each.name === name);
      if (spec === undefined) {
        assert(notes[0]!.startsWith(`--${name}: `), notes.join());
        continue;
      }
      const value = (config as Record<string, unknown>)[spec.key];
      const wanted = words.length === 1 ? true : spec.read(words.slice(1));
      assertEquals(value, wanted, words.join(" "));
    }
  });
}

Deno.test("the training benchmark keeps the curve of the long run", async () => {
  const { config } = await trainCommand(TRAIN_COMMANDS["training benchmark"]!);
  assertEquals([config.maxStep, scheduleOf(config).steps], [500, 40_000]);
});

/** Flags of train.py: at the default, and with a value that asks for what is missing. */
const TRAIN_FLAGS: readonly (readonly [atDefault: string, missing?: string])[] = [
  ["--config default"],
  ["--work_dir LM-TFM"],
  ["--append_dataset"],
  ["--append_time"],
  ["--cuda"],
  ["--fp16"],
  ["--debug"],
  ["--log_all_ranks"],
  ["--dllog_file train_log.json"],
  ["--txtlog_file train_log.log"],
  ["--save-all"],
  ["--save_all"],
  ["--no_env"],
  ["--no_eval"],
  ["--no_test"],
  ["--log_interval 10"],
  ["--target_throughput 1000"],
  ["--target_perplexity 23.5"],
  ["--amp_mode O2", "--amp_mode O9"],
  ["--apex_amp_opt_level O2", "--apex_amp_opt_level fast"],
  ["--amp apex", "--amp tf32"],
  ["--affinity socket_unique_interleaved", "--affinity none"],
  ["--profile"],
  ["--data ../data/wikitext-103"],
  ["--dataset wt103", "--dataset enwik9"],
  ["--vocab word", "--vocab subword"],
  ["--vocab bpe"],
  ["--n_layer 16"],
  ["--n_head 8"],
  ["--d_head 64"],
  ["--d_embed -1"],
  ["--d_model 512"],
  ["--d_inner 2048"],
  ["--dropout 0.1"],
  ["--dropatt 0.0"],
  ["--pre_lnorm"],
  ["--attn_type 0", "--attn_type 4"],
  ["--not_tied"],
  ["--clamp_len -1"],
  ["--adaptive"],
  ["--div_val 1"],
  ["--sample_softmax -1", "--sample_softmax -2"],
  ["--sample_softmax 64"],
  ["--init normal"],
  ["--emb_init normal"],
  ["--init_range 0.1"],
  ["--emb_init_range 0.01"],
  ["--init_std 0.02"],
  ["--proj_init_std 0.01"],
  ["--optim jitlamb", "--optim adafactor"],
  ["--lr 0.01"],
  ["--mom 0.0"],
  ["--mom 0.9"],
  ["--scheduler cosine"],
  ["--max_step_scheduler 40000"],
  ["--warmup_step 1000"],
  ["--decay_rate 0.5"],
  ["--lr_min 0.0"],
  ["--clip 0.25"],
  ["--weight_decay 0.0"],
  ["--clip_nonemb"],
  ["--patience 0"],
  ["--eta_min 0.001"],
  ["--max_step 40000"],
  ["--batch_size 256"],
  ["--local_batch_size 32", "--local_batch_size 0"],
  ["--batch_chunk 1"],
  ["--roll"],
  ["--tgt_len 192"],
  ["--ext_len 0"],
  ["--mem_len 192"],
  ["--seed 1111"],
  ["--multi_gpu ddp", "--multi_gpu horovod"],
  ["--multi_gpu"],
  ["--gpu0_bsz -1"],
  ["--same_length"],
  ["--varlen"],
  ["--swap_mem"],
  ["--eval_tgt_len 192"],
  ["--eval_batch_size 16"],
  ["--eval_max_steps -1"],
  ["--eval_interval 5000"],
  ["--local_rank 0"],
  ["--max_eval_steps -1"],
  ["--restart_dir runs/a"],
  ["--static-loss-scale 1"],
  ["--dynamic-loss-scale"],
  ["--finetune_v2"],
  ["--finetune_v3"],
  ["--no_log"],
];

/** The same of eval.py. */
const EVAL_FLAGS: readonly (readonly [atDefault: string, missing?: string])[] = [
  ["--config default"],
  ["--work_dir LM-TFM"],
  ["--debug"],
  ["--data ../data/wikitext-103"],
  ["--manual recognize speech"],
  ["--manual recognize speech --data ../data/wikitext-103"],
  ["--dataset wt103", "--dataset enwik9"],
  ["--split all", "--split dev"],
  ["--affinity single_unique", "--affinity none"],
  ["--type pytorch", "--type tensorrt"],
  ["--type torchscript"],
  ["--batch_size 16"],
  ["--tgt_len 64"],
  ["--ext_len 0"],
  ["--mem_len 640"],
  ["--seed 1111"],
  ["--clamp_len -1"],
  ["--cuda"],
  ["--model runs/a.pt"],
  ["--manual_config {}"],
  ["--manual_vocab word", "--manual_vocab subword"],
  ["--manual_vocab bpe"],
  ["--fp16"],
  ["--log_all_ranks"],
  ["--dllog_file eval_log.json"],
  ["--same_length"],
  ["--no_env"],
  ["--no_log"],
  ["--log_interval 10"],
  ["--target_perplexity 23.5"],
  ["--target_throughput 1000"],
  ["--save_data"],
  ["--repeat 1", "--repeat 0"],
  ["--max_size 100"],
  ["--percentiles 90 95 99", "--percentiles 101"],
  ["", "--save_torchscript a.pt"],
  ["", "--load_torchscript a.pt"],
  ["--local_rank 0"],
];

for (
  const [program, run, flags] of [
    ["train", train, TRAIN_FLAGS],
    ["eval", evaluate, EVAL_FLAGS],
  ] as const
) {
  Deno.test(`${program} takes the reference's flags at their defaults and refuses what is missing`, () => {
    for (const [atDefault, missing] of flags) {
      if (atDefault !== "") run(atDefault);
      if (missing === undefined) continue;
      const { message } = assertThrows(() => run(missing), ConfigError, undefined, missing);
      assert(!message.includes("\n") && message.length < 400, message);
      assert(message.includes(missing.split(" ")[0]!.replace("--", "")), message);
    }
  });
}
