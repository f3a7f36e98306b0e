/**
 * All flags of the reference's programs and of the authors' before them, and what each does here: a
 * setting, another name of one, or a line. Settings are those of the schemas, so that a flag that
 * becomes one is listed as one.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { EVAL_REFERENCE_FLAGS, evalSchema } from "@transformer-xl/eval";
import { flagSpecs, type ForeignFlag } from "@transformer-xl/runtime";
import { TRAIN_REFERENCE_FLAGS, trainSchema } from "@transformer-xl/train";
import { parse } from "yaml";
import { EVAL_COMMANDS, fileOf, flagsOf, TRAIN_COMMANDS } from "./reference/commands.ts";

const words = (...lines: readonly string[]) => lines.flatMap((line) => line.split(" "));

/** Flags of NVIDIA's train.py, of all its releases. */
const TRAIN = words(
  "config config_file work_dir append_dataset append_time cuda fp16 restart debug log_all_ranks",
  "dllog_file txtlog_file save-all save_all no_env no_eval no_test log_interval",
  "target_throughput target_perplexity amp_mode apex_amp_opt_level amp affinity profile",
  "data dataset vocab",
  "n_layer n_head d_head d_embed d_model d_inner dropout dropatt pre_lnorm attn_type not_tied",
  "clamp_len adaptive div_val sample_softmax init emb_init init_range emb_init_range init_std",
  "proj_init_std",
  "optim lr mom scheduler max_step_scheduler warmup_step decay_rate lr_min clip weight_decay",
  "clip_nonemb patience eta_min",
  "max_step batch_size local_batch_size batch_chunk roll tgt_len ext_len mem_len seed multi_gpu",
  "gpu0_bsz same_length varlen swap_mem",
  "eval_tgt_len eval_batch_size eval_max_steps eval_interval local_rank",
);

/** Flags and spellings of the authors' train.py that NVIDIA's lacks. */
const AUTHORS = words(
  "log-interval eval-interval max_eval_steps restart_dir finetune_v2 finetune_v3",
  "static-loss-scale dynamic-loss-scale",
);

/** Flags of eval.py, NVIDIA's and the authors'. */
const EVAL = words(
  "config config_file work_dir debug data manual dataset split affinity type batch_size tgt_len",
  "ext_len mem_len seed clamp_len cuda model manual_config manual_vocab fp16 log_all_ranks",
  "dllog_file same_length no_env log_interval target_perplexity target_throughput save_data repeat",
  "max_size percentiles save_torchscript load_torchscript local_rank",
  "no_log",
);

const PROGRAMS = {
  train: { schema: trainSchema, foreign: TRAIN_REFERENCE_FLAGS, flags: [...TRAIN, ...AUTHORS] },
  eval: { schema: evalSchema, foreign: EVAL_REFERENCE_FLAGS, flags: EVAL },
} as const;

/** What a flag does here; undefined if it is unknown. */
function effectOf(program: keyof typeof PROGRAMS, flag: string): string | undefined {
  const { schema, foreign } = PROGRAMS[program];
  const name = flag.replaceAll("-", "_");
  const spec = flagSpecs(schema).find((each) => each.name === name);
  if (spec !== undefined) return `sets ${spec.key}: ${spec.description}`;
  const other = foreign.find((each) => each.name === name);
  return other &&
    (other.alias ? `sets ${other.alias}, of which it is another name` : lineOf(other));
}

function lineOf(flag: ForeignFlag): string {
  try {
    return `prints ${flag.answer([])}`;
  } catch (error) {
    return `is refused: ${(error as Error).message}`;
  }
}

for (const program of ["train", "eval"] as const) {
  const { schema, foreign, flags } = PROGRAMS[program];

  Deno.test(`every flag of the reference's ${program}.py is known here`, () => {
    const effects = flags.map((flag) => [flag, effectOf(program, flag)] as const);
    assertEquals(effects.filter(([, effect]) => effect === undefined), []);
    for (const [flag, effect] of effects) {
      assert(/^(sets|prints|is refused:) \S/.test(effect!) && !effect!.includes("\n"), flag);
    }
  });

  Deno.test(`no flag is accepted for the reference's ${program}.py that it never had`, () => {
    const listed = new Set(flags.map((flag) => flag.replaceAll("-", "_")));
    const others = foreign.map(({ name }) => name).filter((name) => !listed.has(name));
    assertEquals(others.filter((name) => name !== "no_log"), []); // of eval.py
    assertEquals(foreign.filter(({ name }) => flagSpecs(schema).some((s) => s.name === name)), []);
  });

  Deno.test(`the reference's commands and files have no flag beside those listed: ${program}`, () => {
    const listed = new Set<string>([...flags, "no_log"]);
    const commands = program === "train" ? TRAIN_COMMANDS : EVAL_COMMANDS;
    const ofCommands = Object.values(commands).flatMap(flagsOf)
      .map(([flag]) => flag!.replace("--", ""));
    const ofFiles = (["base", "large"] as const).flatMap((model) => {
      const file = Deno.readTextFileSync(fileOf(model));
      const sections = parse(file, { merge: true }) as Record<string, Record<string, object>>;
      return Object.values(sections).flatMap((section) => Object.keys(section[program] ?? {}));
    });
    const used = new Set([...ofCommands, ...ofFiles]);
    assertEquals([...used].filter((flag) => !listed.has(flag)), []);
    assert(used.size > 10);
  });
}

Deno.test("flags that change results or files are settings, not lines", () => {
  const lines = [...TRAIN, ...AUTHORS]
    .filter((flag) => !effectOf("train", flag)!.startsWith("sets "));
  const harmless = words(
    "cuda no_env amp_mode apex_amp_opt_level amp affinity multi_gpu gpu0_bsz local_rank",
    "finetune_v2 finetune_v3 dynamic-loss-scale",
  );
  // Flags without an effect here may only become fewer.
  const without = words("profile append_dataset append_time local_batch_size");
  assertEquals(lines.filter((flag) => ![...harmless, ...without].includes(flag)), []);
});
