/**
 * Command lines of the reference's scripts as they expand, of NVIDIA's releases and of the authors',
 * to train and to evaluate.
 *
 * @module
 */

/** A configuration file in the form of the reference's. */
export const fileOf = (model: "base" | "large"): string =>
  new URL(`wt103_${model}.yaml`, import.meta.url).pathname;

const DATA = "--data ../data/wikitext-103/ --dataset wt103";
const LAUNCHED = "--local_rank=0 --cuda";
const BASE_2019 = `${LAUNCHED} ${DATA} --n_layer 16 --d_model 512 --n_head 8 --d_head 64 ` +
  "--d_inner 2048 --dropout 0.1 --dropatt 0.0 --optim jitlamb --lr 0.01 --eta_min 0.001 --roll " +
  "--warmup_step 1000 --max_step 40000 --tgt_len 192 --mem_len 192 --eval_tgt_len 192 " +
  "--batch_size 256 --multi_gpu ddp --log_interval 10 --eval_interval 5000";
const BASE = `${BASE_2019} --vocab word --adaptive`;
const LARGE = `${LAUNCHED} ${DATA} --n_layer 18 --d_model 1024 --n_head 16 --d_head 64 ` +
  "--d_inner 4096 --dropout 0.2 --dropatt 0.2 --optim jitlamb --lr 0.01 --eta_min 0.0001 --roll " +
  "--warmup_step 16000 --max_step 100000 --tgt_len 384 --mem_len 384 --eval_tgt_len 128 " +
  "--batch_size 128 --multi_gpu ddp --log_interval 100 --eval_interval 5000 --vocab word " +
  "--adaptive --div_val 4 --init_std 0.005";

const AUTHORS = "--dropatt 0.0 --optim adam --lr 0.00025 --multi_gpu";
const CHARACTERS = `${AUTHORS} --n_layer 12 --d_model 512 --n_head 8 --d_head 64 --d_inner 2048 ` +
  "--dropout 0.1 --warmup_step 0 --max_step 400000 --tgt_len 512 --mem_len 512 " +
  "--eval_tgt_len 128 --batch_size 22 --gpu0_bsz 4";
const MANY_CHARACTERS = "--n_layer 24 --d_model 1024 --n_head 8 --d_head 128 --d_inner 3072 " +
  "--dropout 0.15 --dropatt 0.15 --optim adam --lr 0.00025 --max_step 400000 --tgt_len 768 " +
  "--mem_len 768 --eval_tgt_len 128 --multi_gpu --batch_size 64";
const SENTENCES =
  "--cuda --data ../data/one-billion-words/ --dataset lm1b --adaptive --div_val 4 " +
  "--optim adam --lr 0.00025 --tgt_len 32 --mem_len 32 --eval_tgt_len 32 --multi_gpu";

/** Command lines that train. */
export const TRAIN_COMMANDS: Readonly<Record<string, string>> = {
  "base on 8 GPUs": `${BASE} --fp16 --batch_chunk 1`,
  "base on 8 GPUs, later spelling": `${BASE} --fp16 --amp apex --apex_amp_opt_level O2 --no_env ` +
    "--affinity socket_unique_interleaved --txtlog_file train_log.log --config default",
  "base on 8 GPUs, from its file": `--local_rank=0 --config_file ${
    fileOf("base")
  } --config dgx1_8gpu_fp16`,
  "base on one A100, from its file": `--local_rank=0 --config_file ${
    fileOf("base")
  } --config dgxa100_1gpu_tf32`,
  "base of 2019": `${BASE_2019} --batch_chunk 2`,
  "base of 2019 with its README's flags": `${BASE} --fp16 --amp_mode O2`,
  "large on 8 GPUs": `${LARGE} --fp16 --batch_chunk 4`,
  "large on 8 nodes, from its file": `--local_rank=0 --config_file ${
    fileOf("large")
  } --config 8dgx2_16gpu_fp16`,
  "large of 2019": `--cuda ${DATA} --n_layer 18 --d_model 1024 --n_head 16 --d_head 64 ` +
    "--d_inner 4096 --dropout 0.2 --dropatt 0.2 --optim adam --lr 0.00025 --warmup_step 16000 " +
    "--max_step 4000000 --tgt_len 256 --mem_len 256 --eval_tgt_len 128 --batch_size 128 " +
    "--multi_gpu ddp",
  "short regression test": `${BASE} --fp16 --max_step 5000 --max_step_scheduler 40000 ` +
    "--target_perplexity 43.5 --target_throughput 231300",
  "training benchmark": `${BASE} --log_interval 1 --max_step 500 --max_step_scheduler 40000`,
  "training benchmark without evaluation": `${BASE} --max_step 64 --log_interval 1 --no_eval`,
  "training benchmark, from its file": `--local_rank=0 --config_file ${
    fileOf("base")
  } --config trainbench`,
  "the authors' base": `--cuda ${DATA} --adaptive ${AUTHORS} --n_layer 16 --d_model 410 ` +
    "--n_head 10 --d_head 41 --d_inner 2100 --dropout 0.1 --warmup_step 0 --max_step 200000 " +
    "--tgt_len 150 --mem_len 150 --eval_tgt_len 150 --batch_size 60 --gpu0_bsz 4",
  "the authors' large": `--cuda ${DATA} --adaptive --div_val 4 --n_layer 18 --d_model 1024 ` +
    "--n_head 16 --d_head 64 --d_inner 4096 --dropout 0.2 --dropatt 0.2 --optim adam " +
    "--lr 0.00025 --warmup_step 16000 --max_step 4000000 --tgt_len 384 --mem_len 384 " +
    "--eval_tgt_len 128 --batch_size 128 --multi_gpu --gpu0_bsz 0",
  "the authors' enwik8 base": `--cuda --data ../data/enwik8/ --dataset enwik8 ${CHARACTERS}`,
  "the authors' enwik8 large": `--cuda --data ../data/enwik8/ --dataset enwik8 ` +
    `${MANY_CHARACTERS} --warmup_step 4000 --gpu0_bsz 0`,
  "the authors' text8 base": `--cuda --data ../data/text8/ --dataset text8 ${CHARACTERS}`,
  "the authors' text8 large": `--cuda --data ../data/text8/ --dataset text8 ${MANY_CHARACTERS}`,
  "the authors' lm1b base": `${SENTENCES} --n_layer 18 --d_model 1024 --n_head 8 --d_head 128 ` +
    "--d_inner 4096 --dropout 0.0 --dropatt 0.0 --warmup_step 20000 --max_step 500000 " +
    "--batch_size 224 --gpu0_bsz 32",
  "the authors' lm1b large": `${SENTENCES} --n_layer 24 --d_model 1280 --n_head 16 --d_head 80 ` +
    "--d_inner 8192 --dropout 0.05 --dropatt 0.05 --warmup_step 30000 --max_step 1200000 " +
    "--batch_size 512 --gpu0_bsz 0",
  "the authors' other spellings": `--cuda ${DATA} ${AUTHORS} --log-interval 200 ` +
    "--eval-interval 4000 --max_eval_steps -1 --static-loss-scale 1 --dynamic-loss-scale " +
    "--save-all --finetune_v2 --finetune_v3 --n_layer 12 --d_model 500 --n_head 10 --d_head 50 " +
    "--d_inner 1000",
};

const EVAL_2019 = `${LAUNCHED} ${DATA} --tgt_len 64 --mem_len 640 --clamp_len 400 --same_length ` +
  "--split test";

/** Command lines that evaluate, without their checkpoint. */
export const EVAL_COMMANDS: Readonly<Record<string, string>> = {
  "base": `${EVAL_2019} --fp16 --type pytorch --no_env`,
  "base in TorchScript": `${EVAL_2019} --type torchscript`,
  "base, from its file": `--local_rank=0 --config_file ${
    fileOf("base")
  } --config dgx1_8gpu_fp16 --affinity single`,
  "large": `${LAUNCHED} ${DATA} --tgt_len 128 --mem_len 1600 --clamp_len 1000 --same_length ` +
    "--split test",
  "large, from its file": `--local_rank=0 --config_file ${fileOf("large")}`,
  "inference benchmark": `${EVAL_2019} --batch_size 16 --log_interval 1 --repeat 1 --save_data`,
  "inference test": `${EVAL_2019} --batch_size 16 --target_perplexity 23.4 ` +
    "--target_throughput 37800",
  "manual": `${EVAL_2019} --manual recognize speech`,
  "the authors' base": `--cuda ${DATA} --tgt_len 64 --mem_len 640 --clamp_len 400 --same_length ` +
    "--split test --batch_size 10 --no_log",
  "the authors' enwik8 base": "--cuda --data ../data/enwik8/ --dataset enwik8 --tgt_len 80 " +
    "--mem_len 2100 --clamp_len 820 --same_length --split test --batch_size 10",
  "the authors' text8 large": "--cuda --data ../data/text8/ --dataset text8 --tgt_len 128 " +
    "--mem_len 3800 --clamp_len 1000 --same_length --split test --batch_size 10",
  "the authors' lm1b large": "--cuda --data ../data/one-billion-words/ --dataset lm1b " +
    "--tgt_len 32 --mem_len 128 --same_length --split test --batch_size 8",
};

/** The flags of a command line, each with the words that follow it. */
export function flagsOf(command: string): readonly (readonly string[])[] {
  return command.split(/ (?=--)/).map((flag) => flag.split(/[ =]/));
}
