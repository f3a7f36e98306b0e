/**
 * Command lines of NVIDIA's README as its scripts expand them, and every flag of its two programs:
 * at its default it is accepted; a value that asks for what is missing ends in one line.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { EVAL_REFERENCE_FLAGS, evalSchema } from "@transformer-xl/eval";
import { ConfigError, parseFlags } from "@transformer-xl/runtime";
import {
  checkShares,
  checkTrainConfig,
  followLengths,
  modelOf,
  scheduleOf,
  TRAIN_REFERENCE_FLAGS,
  trainSchema,
} from "@transformer-xl/train";

const DATA = "--data ../data/wikitext-103/ --dataset wt103";
const LAUNCHED = "--local_rank=0 --cuda";
const BASE = `${LAUNCHED} ${DATA} --n_layer 16 --d_model 512 --n_head 8 --d_head 64 ` +
  "--d_inner 2048 --dropout 0.1 --dropatt 0.0 --optim jitlamb --lr 0.01 --eta_min 0.001 --roll " +
  "--warmup_step 1000 --max_step 40000 --tgt_len 192 --mem_len 192 --eval_tgt_len 192 " +
  "--batch_size 256 --multi_gpu ddp --log_interval 10 --eval_interval 5000 --vocab word --adaptive";
const LARGE = `${LAUNCHED} ${DATA} --n_layer 18 --d_model 1024 --n_head 16 --d_head 64 ` +
  "--d_inner 4096 --dropout 0.2 --dropatt 0.2 --optim jitlamb --lr 0.01 --eta_min 0.0001 --roll " +
  "--warmup_step 16000 --max_step 100000 --tgt_len 384 --mem_len 384 --eval_tgt_len 128 " +
  "--batch_size 128 --multi_gpu ddp --log_interval 100 --eval_interval 5000 --vocab word " +
  "--adaptive --div_val 4 --init_std 0.005";

const TRAIN_COMMANDS: Readonly<Record<string, string>> = {
  "base on 8 GPUs": `${BASE} --fp16 --batch_chunk 1`,
  "base on 8 GPUs, later spelling": `${BASE} --fp16 --amp apex --apex_amp_opt_level O2 --no_env ` +
    "--affinity socket_unique_interleaved --txtlog_file train_log.log --config default",
  "large on 8 GPUs": `${LARGE} --fp16 --batch_chunk 4`,
  "large of 2019": `--cuda ${DATA} --n_layer 18 --d_model 1024 --n_head 16 --d_head 64 ` +
    "--d_inner 4096 --dropout 0.2 --dropatt 0.2 --optim adam --lr 0.00025 --warmup_step 16000 " +
    "--max_step 4000000 --tgt_len 256 --mem_len 256 --eval_tgt_len 128 --batch_size 128 " +
    "--multi_gpu ddp",
  "training benchmark": `${BASE} --log_interval 1 --max_step 500 --max_step_scheduler 40000`,
  "training benchmark without evaluation": `${BASE} --max_step 64 --log_interval 1 --no_eval`,
  "the authors' base": `--cuda ${DATA} --adaptive --n_layer 16 --d_model 410 --n_head 10 ` +
    "--d_head 41 --d_inner 2100 --dropout 0.1 --dropatt 0.0 --optim adam --lr 0.00025 " +
    "--warmup_step 0 --max_step 200000 --tgt_len 150 --mem_len 150 --eval_tgt_len 150 " +
    "--batch_size 60 --multi_gpu --gpu0_bsz 4",
};

const EVAL_COMMANDS: Readonly<Record<string, string>> = {
  "evaluation": `${LAUNCHED} ${DATA} --tgt_len 64 --mem_len 640 --clamp_len 400 --same_length ` +
    "--split test --model LM-TFM/checkpoint_best.pt --fp16 --type pytorch --no_env",
  "inference benchmark": `${LAUNCHED} ${DATA} --tgt_len 64 --mem_len 640 --clamp_len 400 ` +
    "--same_length --split test --batch_size 16 --log_interval 1 --repeat 1",
  "manual": `${LAUNCHED} ${DATA} --tgt_len 64 --mem_len 640 --clamp_len 400 --same_length ` +
    "--split test --manual recognize speech",
};

function train(command: string) {
  const parsed = parseFlags(trainSchema, command.split(" "), { foreign: TRAIN_REFERENCE_FLAGS });
  const config = followLengths(parsed.config, parsed.origin);
  checkTrainConfig(config);
  checkShares(config, 1);
  modelOf(config, 267_735, config.adaptive ? [19_997, 39_997, 199_997] : []);
  return { config, notes: parsed.notes };
}

function evaluate(command: string) {
  return parseFlags(evalSchema, command.split(" "), { foreign: EVAL_REFERENCE_FLAGS });
}

for (const [name, command] of Object.entries(TRAIN_COMMANDS)) {
  Deno.test(`the reference's command to train runs: ${name}`, () => {
    const { notes } = train(command);
    assert(notes.some((line) => line.startsWith("--cuda: ")));
    assert(notes.every((line) => !line.includes("\n")), notes.join());
  });
}

for (const [name, command] of Object.entries(EVAL_COMMANDS)) {
  Deno.test(`the reference's command to evaluate runs: ${name}`, () => {
    const { config, notes } = evaluate(command);
    assertEquals([config.clampLen, config.sameLength, config.split], [400, true, "test"]);
    assert(notes.length >= 2);
  });
}

Deno.test("the training benchmark keeps the curve of the long run", () => {
  const { config } = train(TRAIN_COMMANDS["training benchmark"]!);
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
  ["--vocab word", "--vocab bpe"],
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
  ["--type pytorch", "--type onnx"],
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
