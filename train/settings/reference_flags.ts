/**
 * Flags of NVIDIA's train.py, and of the authors' before it, that set nothing here.
 *
 * @module
 */
import { sharedReferenceFlags } from "@transformer-xl/eval";
import { type ForeignFlag, foreignFlag, INTEGER_VALUE } from "@transformer-xl/runtime";

const LEVELS = ["O0", "O1", "O2", "O3"];
const HALF = "--fp16 alone decides: half weights with float32 masters";

/** Flags that are accepted, or refused, but set nothing. */
export const TRAIN_REFERENCE_FLAGS: readonly ForeignFlag[] = [
  ...sharedReferenceFlags(),
  foreignFlag("multi_gpu", {
    arity: "optional",
    values: ["ddp", "dp"],
    instead: "each GPU has its own process; --gpus or a launcher sets the number",
    remedy: "give --gpus N for N processes",
  }),
  foreignFlag("gpu0_bsz", {
    arity: "one",
    values: INTEGER_VALUE,
    instead: "all GPUs get equal shares of --batch_size",
  }),
  foreignFlag("amp", { arity: "one", values: ["apex", "pytorch"], instead: HALF }),
  foreignFlag("amp_mode", { arity: "one", values: LEVELS, instead: HALF }),
  foreignFlag("apex_amp_opt_level", { arity: "one", values: LEVELS, instead: HALF }),
  foreignFlag("dynamic_loss_scale", {
    instead: "the loss scale of --fp16 is dynamic unless --loss_scale fixes it",
  }),
  foreignFlag("finetune_v2", { instead: "it has no effect" }),
  foreignFlag("finetune_v3", { instead: "it has no effect" }),
  foreignFlag("restart_dir", {
    arity: "one",
    alias: "restart",
    instead: "an alias of --restart PATH",
  }),
  foreignFlag("max_eval_steps", {
    arity: "one",
    alias: "evalMaxSteps",
    instead: "an alias of --eval_max_steps",
  }),
];
