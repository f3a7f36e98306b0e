/**
 * Schemas of `case.json`, one per kind of case. A folder is validated once, here;
 * errors name the keys of its file. Unknown keys of `config` are rejected, so that no setting is
 * ignored; notes and versions beside it may vary.
 *
 * @module
 */
import { z } from "zod";

const count = z.int().positive();
const length = z.int().min(0);
const rate = z.number().min(0).lt(1);

/** Settings of the model, in the reference's words. */
export const modelConfig = z.strictObject({
  n_token: count,
  n_layer: count,
  n_head: count,
  d_model: count.refine((d) => d % 2 === 0, "must be even: sines and cosines share it"),
  d_head: count,
  d_inner: count,
  tgt_len: count,
  mem_len: length,
  ext_len: length.default(0),
  d_embed: z.int().optional(),
  div_val: count.default(1),
  cutoffs: z.array(count).default([]),
  tie_projs: z.array(z.boolean()).default([false]),
  tie_weight: z.boolean().default(true),
  pre_lnorm: z.boolean().default(false),
  same_length: z.boolean().default(false),
  attn_type: z.literal([0, 1, 2, 3]).default(0),
  clamp_len: z.int().default(-1),
  dropout: rate.default(0),
  dropatt: rate.default(0),
  adapt_inp: z.boolean().optional(),
}).refine(
  ({ cutoffs, tie_projs }) => tie_projs.length === cutoffs.length + 1,
  "tie_projs needs one entry per cluster, one more than cutoffs",
).refine(
  ({ cutoffs, n_token }) =>
    cutoffs.every((bound, i) => bound > (cutoffs[i - 1] ?? 0) && bound < n_token),
  "cutoffs must ascend and stay below n_token",
);

/** Half-widths of the weight generator. */
export const generatorInit = z.object({
  w: z.number(),
  bias: z.number(),
  ln: z.number(),
  emb: z.number(),
  proj: z.number(),
});

const head = {
  id: z.string(),
  note: z.string().optional(),
  semantics: z.enum(["HEAD", "2019"]).default("HEAD"),
  precision: z.enum(["float64", "float32"]).default("float64"),
};
const network = { config: modelConfig, seed: z.int().default(0), init: generatorInit.optional() };
const ids = z.array(z.array(z.int().min(0)));
const losses = z.array(z.number());

const forward = z.object({
  ...head,
  ...network,
  kind: z.enum(["forward", "dropout"]),
  segments: z.array(z.object({
    rows: count,
    targets: count,
    columns: count,
    gradients: z.boolean(),
    mem_rows: length,
  })).optional(),
});

const accumulation = z.object({
  ...head,
  ...network,
  kind: z.literal("accumulation"),
  loss_pieces: z.record(z.string(), losses),
});

const clip = z.object({
  ...head,
  kind: z.literal("clip"),
  clips: z.array(z.number().positive()),
  total_norm: z.number(),
});

const optimizer = z.object({
  ...head,
  kind: z.literal("optimizer"),
  config: z.strictObject({
    name: z.string(),
    compat: z.int().optional(),
    weight_decay: z.number().min(0).optional(),
    eps: z.number().positive().optional(),
    betas: z.tuple([z.number(), z.number()]).optional(),
    mom: z.number().optional(),
  }),
  learning_rates: z.array(z.number()),
  sparse: z.object({
    names: z.array(z.string()),
    learning_rates: z.array(z.number()),
  }).optional(),
  order: z.array(z.string()).min(1),
});

const schedule = z.object({
  ...head,
  kind: z.literal("schedule"),
  base_lr: z.number(),
  warmup_step: length,
  max_step: count,
  eta_min: z.number(),
  used: z.record(z.string(), losses),
  printed: z.record(z.string(), losses),
  dev_perf: z.object({
    losses,
    lr: losses,
    lr_min: z.number(),
    decay_rate: z.number(),
    patience: length,
    eval_interval: count.optional(),
  }).optional(),
});

const iterator = z.object({
  ...head,
  kind: z.literal("iterator"),
  cases: z.array(z.object({
    n: count,
    batch_size: count,
    tgt_len: count,
    ext_len: length,
    mem_len: length.nullable(),
    ranks: count,
    rank: length,
    start: length,
    n_batch: length,
    segments: z.array(z.object({ data: ids, target: ids, seq_len: count, warm: z.boolean() })),
  })),
  rolls: z.array(z.object({
    seed: z.int(),
    rows: count,
    after_first: ids,
    second_seed: z.int().optional(),
    after_second: ids.optional(),
  })).default([]),
  varlen: z.object({
    seed: length,
    rows: count,
    tgt_len: count,
    segments: z.array(z.tuple([length, count])),
  }).optional(),
});

const vocabulary = z.object({
  ...head,
  kind: z.literal("vocabulary"),
  special: z.array(z.string()),
  cases: z.array(z.object({
    name: z.string(),
    text: z.string(),
    lower_case: z.boolean(),
    options: z.strictObject({ min_freq: length.optional(), max_size: length.optional() }),
    symbols: z.array(z.string()),
    ids: z.array(length).optional(),
  })),
});

const evaluation = z.object({
  ...head,
  ...network,
  kind: z.literal("evaluation"),
  cases: z.array(z.object({
    batch_size: count,
    warmup: z.boolean(),
    max_size: count.nullable(),
    repeat: count,
    n_batch: count,
    segments: z.array(z.tuple([z.number(), count, z.boolean()])),
    loss: z.number(),
    ppl: z.number(),
    bpc: z.number(),
  })),
});

const statistics = z.object({
  ...head,
  kind: z.literal("statistics"),
  latency_s: z.array(z.number().positive()),
  mean_ms: z.number(),
  percentiles_ms: z.record(z.string(), z.number()),
  throughput_weighted: z.number(),
  throughput_mean: z.number().optional(),
});

const validations = z.array(z.tuple([z.int(), z.number()]));

const trajectory = z.object({
  ...head,
  ...network,
  kind: z.literal("trajectory"),
  optimizer: z.strictObject({
    name: z.string(),
    lr: z.number(),
    weight_decay: z.number().min(0).optional(),
    mom: z.number().optional(),
  }),
  training: z.strictObject({
    batch_size: count,
    batch_chunk: count.default(1),
    eval_batch_size: count,
    eval_tgt_len: count,
    max_step: count,
    max_step_scheduler: count.optional(),
    warmup_step: length,
    eta_min: z.number(),
    clip: z.number().positive(),
    eval_interval: count,
    eval_max_steps: z.int().default(-1),
    scheduler: z.string().default("cosine"),
    roll: z.boolean().default(false),
    seed: z.int().optional(),
  }),
  loss: losses,
  grad_norm: losses.optional(),
  lr_used: losses,
  lr_printed: losses,
  epoch: z.array(count).optional(),
  valid: validations,
  spread: z.object({ valid: z.record(z.string(), z.number()) })
    .catchall(z.number()).optional(),
  loss_float64: losses.optional(),
  valid_float64: validations.optional(),
});

/** A checked `case.json`. */
export const caseSchema = z.discriminatedUnion("kind", [
  forward,
  accumulation,
  clip,
  optimizer,
  schedule,
  iterator,
  vocabulary,
  evaluation,
  statistics,
  trajectory,
]);

/** A checked `case.json`. */
export type CaseRecord = z.infer<typeof caseSchema>;
/** The record of one kind. */
export type RecordOf<K extends CaseRecord["kind"], R = CaseRecord> = R extends
  { readonly kind: infer J } ? K extends J ? R : never : never;
/** Settings of the model, with the reference's defaults filled in. */
export type CaseConfig = z.infer<typeof modelConfig>;
/** Half-widths of the weight generator. */
export type GeneratorInit = z.infer<typeof generatorInit>;
