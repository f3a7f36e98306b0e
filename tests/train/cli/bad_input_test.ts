/**
 * Bad input: one sentence that names the value and the remedy, exit code 2, and unchanged files.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { checkDriver, DeviceError } from "@transformer-xl/runtime";
import { type CalledName, callProgram } from "../../support/processes/called_program.ts";
import { type Flags, runProgram } from "../../support/program.ts";
import { filesBelow, Scratch, SMALL, wordText } from "../../support/small_run.ts";

/** A machine without a driver. */
const NO_ADAPTER = {
  VK_ICD_FILENAMES: "/nowhere/icd.json",
  VK_DRIVER_FILES: "/nowhere/icd.json",
  DENO_WEBGPU_BACKEND: "vulkan",
};

/** What a machine has before the bad input comes. */
interface Ground {
  /** A text. */
  readonly data: string;
  /** The work directory of a finished run on it. */
  readonly finished: string;
  /** A path in the folder of them. */
  at(name: string): string;
}

interface Case {
  readonly name: string;
  readonly program?: CalledName;
  /** Prepares further files, and gives the flags. */
  flags(ground: Ground): Promise<Flags> | Flags;
  /** Starts a process, with this environment; the other cases call the program in this one. */
  readonly env?: Record<string, string>;
  /** The value and the remedy, in this order. */
  readonly says: RegExp;
}

const tiny = { ...SMALL, device: "cpu", max_step: 4, eval_interval: 4, warmup_step: 2 } as const;

/** A fresh run with `other` flags. */
function fresh(other: Flags): (ground: Ground) => Flags {
  return ({ data, at }) => ({ ...tiny, data, work_dir: at("new"), ...other });
}

/** A fresh run on a file with this content. */
function onText(
  name: string,
  content: string | Uint8Array,
  more: Flags = {},
): (ground: Ground) => Promise<Flags> {
  return async (ground) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(ground.at(name), bytes);
    return fresh({ ...more, data: ground.at(name) })(ground);
  };
}

/** The finished run, asked to go on with `other` flags. */
function continued(other: Flags): (ground: Ground) => Flags {
  return ({ finished }) => ({ work_dir: finished, restart: true, device: "cpu", ...other });
}

/** A new run with the weights of the finished one. */
function started(other: Flags): (ground: Ground) => Flags {
  return (ground) => fresh({ init_from: ground.finished, ...other })(ground);
}

/** The checkpoint of the finished run, spoiled, is given to `--restart` or `--model`. */
function spoiled(
  flag: "restart" | "model",
  spoil: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
): (ground: Ground) => Promise<Flags> {
  return async ({ at, finished }) => {
    const bytes = await Deno.readFile(`${finished}/checkpoint_last.safetensors`);
    await Deno.writeFile(at("spoiled.safetensors"), spoil(bytes));
    return { [flag]: at("spoiled.safetensors"), work_dir: at("new"), device: "cpu" };
  };
}

function flipped(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  bytes[bytes.length - 9]! ^= 1;
  return bytes;
}

const CASES: readonly Case[] = [
  {
    name: "an unknown flag",
    flags: fresh({ n_layers: 2 }),
    env: {},
    says: /--n_layers: there is no such flag, did you mean --n_layer\?/,
  },
  {
    name: "a value of the wrong kind",
    flags: fresh({ lr: "fast" }),
    says: /--lr: got "fast", want .*see --help/,
  },
  {
    name: "an initialisation of the tables that there is not",
    flags: fresh({ emb_init: "zeros" }),
    says: /--emb_init: got "zeros", want .*see --help/,
  },
  {
    name: "a bound of the tables that is not positive",
    flags: fresh({ emb_init_range: 0 }),
    says: /--emb_init_range: got "0", want .*see --help/,
  },
  {
    name: "a target that no run reaches",
    flags: fresh({ target_perplexity: 0 }),
    says: /--target_perplexity: .*0.*see --help/,
  },
  {
    name: "a target of an evaluation that is skipped",
    flags: fresh({ target_perplexity: 20, no_eval: true }),
    says: /--target_perplexity 20: --no_eval skips validation; leave one of them out/,
  },
  {
    name: "a log in place of a checkpoint",
    flags: fresh({ txtlog_file: "checkpoint_last.safetensors" }),
    says: /--txtlog_file "checkpoint_last\.safetensors": .*give another name/,
  },
  {
    name: "records in place of the text log",
    flags: fresh({ dllog_file: "train_log.log" }),
    says: /--dllog_file "train_log\.log": it is the text log, .*give them different names/,
  },
  {
    name: "fewer samples of the softmax than none",
    flags: fresh({ sample_softmax: -2 }),
    says: /--sample_softmax: got "-2", want .*see --help/,
  },
  {
    name: "a sampled softmax with clusters",
    flags: fresh({ sample_softmax: 4, adaptive: true, cutoffs: [8] }),
    says: /Cannot use --sample_softmax 4 with --adaptive: .*leave one of them out/,
  },
  {
    name: "more samples of the softmax than words",
    flags: fresh({ sample_softmax: 4000 }),
    says: /Cannot sample 4000 of \d+ words: .*lower --sample_softmax or leave it out/,
  },
  {
    name: "a profile in a run that writes no files",
    flags: fresh({ profile: true, debug: true }),
    says: /a profile with --profile and --debug: no files are written; leave one of them out/,
  },
  {
    name: "missing text",
    flags: ({ at }) => ({ ...tiny, data: at("none.txt"), work_dir: at("new") }),
    says: /none\.txt" does not exist, .*give the right --data/,
  },
  {
    name: "an empty file",
    flags: onText("empty.txt", ""),
    says: /empty\.txt": it is empty, give a file with text/,
  },
  {
    name: "text that is not UTF-8",
    flags: onText("latin1.txt", Uint8Array.of(0x61, 0x20, 0xe9, 0x20, 0x62, 0x0a)),
    says: /latin1\.txt": it is not UTF-8 at byte offset 2, convert it with iconv/,
  },
  {
    name: "text that is too short for the batch",
    flags: onText("short.txt", wordText(3), { mem_len: 0 }),
    says: /"(valid|test)" into 2 columns: it has \d tokens, at least 4 .*smaller --eval_batch_size/,
  },
  {
    name: "a batch that is not divisible",
    flags: fresh({ batch_chunk: 3 }),
    says: /--batch_size 4 into --batch_chunk 3 .*not divisible; change one of them/,
  },
  {
    name: "an evaluation longer than the context of training",
    flags: fresh({ eval_tgt_len: 17 }),
    says: /--eval_tgt_len 17: it exceeds the context of training, 16; lower it/,
  },
  {
    name: "an evaluation that would score nothing",
    flags: fresh({ eval_max_steps: 1 }),
    says: /--eval_max_steps 1 .*fill the memory.*raise it/,
  },
  {
    name: "a plan larger than memory",
    flags: fresh({ batch_chunk: 1, n_layer: 16, d_model: 16_384, d_inner: 32_000 }),
    says: /needs [\d.]+ GiB \(.*moments [\d.]+ GiB.*lower --d_model, --d_inner or --n_layer/,
  },
  {
    name: "a plan with one buffer larger than the device binds",
    flags: fresh({ batch_chunk: 1, tgt_len: 512, d_inner: 400_000, no_eval: true, no_test: true }),
    says: /one buffer of a step needs [\d.]+ GiB .*binds at most .*raise --batch_chunk/,
  },
  {
    name: "a parameter larger than the device binds",
    flags: fresh({ d_model: 2 ** 16, d_inner: 2 ** 16 }),
    says:
      /--d_model 65536 .*larger than the .* that the device binds .*lower --d_model or --d_inner/,
  },
  {
    name: "no adapter where one was requested",
    flags: fresh({ device: "gpu" }),
    env: NO_ADAPTER,
    says: /--device gpu needs one; run `deno task setup`, or leave --device out/,
  },
  {
    name: "a loss that is not a number",
    flags: fresh({ lr: 1e38, clip: 1e38, debug: true }),
    env: {},
    says: /the loss of step \d is NaN; lower --lr, .*start a new run, there is no checkpoint yet/,
  },
  {
    name: "a work directory in use",
    flags: ({ data, finished }) => ({ ...tiny, data, work_dir: finished }),
    says: /holds a checkpoint, .*; continue with --restart, .*--overwrite/,
  },
  {
    name: "a missing checkpoint",
    flags: ({ at }) => ({ restart: at("none.safetensors"), work_dir: at("new") }),
    says: /none\.safetensors": there is no such file; omit --restart/,
  },
  {
    name: "a truncated checkpoint",
    flags: spoiled("restart", (bytes) => bytes.subarray(0, bytes.length / 2)),
    says: /spoiled\.safetensors": it is truncated, \d+ of \d+ tensor bytes/,
  },
  {
    name: "a tampered checkpoint",
    flags: spoiled("restart", flipped),
    says: /spoiled\.safetensors": its content has the sha256 .*use another copy/,
  },
  {
    name: "a text with words the checkpoint does not know",
    flags: async (ground) => {
      await Deno.writeTextFile(ground.at("other.txt"), wordText(40).replace("word3", "zebra"));
      return continued({ max_step: 8, data: ground.at("other.txt") })(ground);
    },
    says:
      /other\.txt": line 1, word 1 is not among the \d+ symbols of the vocabulary .*name a symbol/,
  },
  {
    name: "a restart with other settings",
    flags: continued({ max_step: 8, n_layer: 1, tgt_len: 4, seed: 2, varlen: true }),
    says:
      /with --seed 2 \(it is 1111 there\), --n_layer 1 \(it is 2 there\), --tgt_len 4 .*--varlen true .*leave these flags out/,
  },
  {
    name: "other weights for a model that they do not fit",
    flags: started({ n_layer: 3, vocab: "char", seed: 2, tgt_len: 4 }),
    says:
      /best\.safetensors" with --vocab char \(it is word there\), --n_layer 3 \(it is 2 there\); leave these/,
  },
  {
    name: "other weights that are not there",
    flags: started({ init_from: "/nowhere/run" }),
    says: /from "\/nowhere\/run": there is no such file or folder; give --init_from a checkpoint/,
  },
  {
    name: "other weights in a folder without checkpoints",
    flags: (ground) => started({ init_from: ground.at(".") })(ground),
    says: /": it holds neither checkpoint_best\.safetensors nor .*give --init_from a checkpoint/,
  },
  {
    name: "a restart with other weights",
    flags: started({ restart: true }),
    says: /--init_from ".*finished" with --restart: .*leave one of them out/,
  },
  {
    name: "further words without a checkpoint",
    flags: fresh({ extend_vocab: true }),
    says: /--extend_vocab without --init_from: .*give --init_from, or leave it out/,
  },
  {
    name: "a choice of words where the checkpoint has chosen them",
    flags: started({ min_freq: 2 }),
    says: /--min_freq 2 with the words of --init_from ".*": .*add --extend_vocab/,
  },
  {
    name: "a text with words that the weights have no rows for",
    flags: async (ground) => {
      await Deno.writeTextFile(ground.at("new.txt"), wordText(40).replace("word3", "zebra"));
      return started({ data: ground.at("new.txt") })(ground);
    },
    says: /new\.txt": line 1, word 1 is not among the \d+ symbols .*; add them with --extend_vocab/,
  },
  {
    name: "a restart of a finished run",
    flags: continued({}),
    says: /it is at step 4 and --max_step is 4; raise --max_step/,
  },
  {
    name: "a missing checkpoint in evaluation",
    program: "eval",
    flags: ({ at }) => ({ work_dir: at("new"), device: "cpu" }),
    says: /new": it holds neither checkpoint_best\.safetensors nor .*give the --work_dir of a run/,
  },
  {
    name: "a file as the work directory of evaluation",
    program: "eval",
    flags: ({ data }) => ({ work_dir: data, device: "cpu" }),
    says: /it holds neither checkpoint_best\.safetensors nor .*give the --work_dir of a run/,
  },
  {
    name: "a work directory of evaluation that the system does not open",
    program: "eval",
    flags: ({ at }) => ({ work_dir: at("x".repeat(300)), device: "cpu" }),
    says: /Cannot read ".*": file name too long; give another path/,
  },
  {
    name: "a tampered checkpoint in evaluation",
    program: "eval",
    flags: spoiled("model", flipped),
    says: /spoiled\.safetensors": its content has the sha256 .*use another copy/,
  },
  {
    name: "a text with other words in evaluation",
    program: "eval",
    flags: async ({ at, finished }) => {
      await Deno.writeTextFile(at("other.txt"), wordText(40).replace("word3", "zebra"));
      return { work_dir: finished, data: at("other.txt"), device: "cpu" };
    },
    says:
      /other\.txt": line 1, word 1 is not among the \d+ symbols of the vocabulary .*name a symbol/,
  },
  {
    name: "a text that is shorter than the memory to fill",
    program: "eval",
    flags: ({ finished }) => ({ work_dir: finished, batch_size: 1, mem_len: 640, device: "cpu" }),
    says: /Cannot score "valid" in columns of \d+ rows: the first 640 only fill/,
  },
  {
    name: "an evaluation of nothing but warm-up",
    program: "eval",
    flags: ({ finished }) => ({ work_dir: finished, tgt_len: 4, mem_len: 16, max_size: 4 }),
    says: /--max_size 4 segments: the first 4 fill the memory .*lower --mem_len/,
  },
  {
    name: "a benchmark of nothing but warm-up",
    program: "eval",
    flags: ({ finished }) => ({
      work_dir: finished,
      ...{ batch_size: 1, tgt_len: 4, mem_len: 8, max_size: 3, save_data: true, device: "cpu" },
    }),
    says:
      /measure 3 segments of the valid text: the first 4 warm up .*raise --repeat or --max_size/,
  },
  {
    name: "a percentile above 100",
    program: "eval",
    flags: ({ finished }) => ({ work_dir: finished, percentiles: [90, 101] }),
    env: {},
    says: /--percentiles: got "90 101", want a list .*number >= 0 and <= 100/,
  },
  {
    name: "TorchScript files, which nothing here reads or writes",
    program: "eval",
    flags: ({ finished }) => ({ work_dir: finished, save_torchscript: "model.pt" }),
    says: /--save_torchscript: .*no TorchScript here; deno task export writes models/,
  },
];

/** Files but for encoded texts, which are whole, named by their content, and used by the next try. */
async function filesThatMatter(folder: string): Promise<Record<string, string>> {
  const files = Object.entries(await filesBelow(folder));
  return Object.fromEntries(files.filter(([path]) => !/\/(cache\/|new\/$)/.test(path)));
}

Deno.test("bad input ends in one sentence and exit code 2, and leaves files as they were", async (t) => {
  await using scratch = new Scratch();
  const ground: Ground = {
    data: await scratch.text("text.txt", wordText(40)),
    finished: scratch.at("finished"),
    at: (name) => scratch.at(name),
  };
  const { data, finished: work_dir } = ground;
  const { code } = await runProgram("train", { ...tiny, data, work_dir });
  assertEquals(code, 0);
  for (const { name, program = "train", flags, env, says } of CASES) {
    await t.step(name, async () => {
      const given = await flags(ground);
      const before = await filesThatMatter(scratch.path);
      const { code, stderr } =
        await (env ? runProgram(program, given, env) : callProgram(program, given));
      assertMatch(stderr, /^error: Cannot [^\n]+[^.\n]\n$/);
      assertMatch(stderr, says);
      assertEquals(code, 2);
      const after = await filesThatMatter(scratch.path);
      assertEquals(Object.keys(after), Object.keys(before));
      assert(Object.entries(before).every(([path, bytes]) => after[path] === bytes));
    });
  }
});

Deno.test("a driver that cuts loops short is refused in one sentence with the remedy", () => {
  const error = assertThrows(() => checkDriver("llvmpipe (LLVM 15)", 65_535), DeviceError);
  assertMatch(
    error.message,
    /^Cannot use adapter "llvmpipe \(LLVM 15\)": .*65535 of 70000.*run `deno task setup`$/,
  );
});
