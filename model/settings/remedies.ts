/**
 * Remedies of the programs in words of their flags, which all of them share.
 *
 * @module
 */
import type { Remedies } from "@transformer-xl/runtime";

/** What a user of a program does about a need. */
export const REMEDIES: Remedies = {
  "a graphics driver, or no GPU": "run `deno task setup`, or use --device cpu",
  "a graphics driver, or any device":
    "--device gpu needs one; run `deno task setup`, or leave --device out",
  "the package of Dawn, or the built-in WebGPU":
    "run once where npm packages can be downloaded, set TXL_DAWN to the path of its dawn.node, or " +
    "use --webgpu deno",
  "an adapter with matrix units, or none":
    "use --webgpu dawn on a GPU whose driver has them, or leave --matrix_units out",
  "a number of processes": "leave --gpus out, or give a number and --oversubscribe",
  "a shared GPU": "use --oversubscribe to run several processes on one adapter",
  "fewer processes, or a shared GPU":
    "use --gpus all, or --oversubscribe to run several processes on one adapter",
  "an answer of the process": "see what it does, or raise --heartbeat_s",
  "an answer of all processes": "see what they do, or raise --heartbeat_s",
  "MPI between machines":
    "start processes on several machines with mpirun or srun, with --backend mpi",
  "an address of process 0": "use --backend mpi, or set it on every process",
  "a text": "give --data PATH",
  "another path of the text": "give the right --data",
  "the folder of the splits": "give --data the folder with these files",
  "the innermost folder of the splits": "give --data that folder",
  "a folder with text": "give --data a folder with text",
  "one file of text": "or give --data one file, which is split",
  "no evaluation": "or train with --no_eval",
  "no test": "or train with --no_test",
  "the data set of any text": "use --dataset text",
  "a symbol for unknown words":
    "count it in the training text or name a symbol for unknown words (--unknown) in training",
  "symbols of the text": "add them with --extend_vocab",
  "characters as symbols": "or use --vocab char where words are not separated by spaces",
  "more text or a smaller batch": "use more text or a smaller --batch_size",
  "more text or a smaller batch of evaluation": "use more text or a smaller --eval_batch_size",
  "more text, a shorter memory or a smaller batch":
    "use more text, a shorter --mem_len or a smaller --batch_size",
  "more text, a shorter memory or a smaller batch of evaluation":
    "use more text, a shorter --mem_len or a smaller --eval_batch_size",
  "more text or a shorter memory": "give more text, or lower --mem_len",
  "longer steps of the memory": "raise --mem_step",
  "a model for the symbols of the text":
    "raise n_token in --manual_config, or leave --data and --dataset out for random ids",
  "lines, which are compared per character":
    "compare them per character, with --lines and --manual_file FILE",
  "the same version of the reference": "give one --compat for both",
  "a multiple of the processes as the batch": "use such a --batch_size",
  "no clusters, or given ones": "leave out --adaptive or give --cutoffs",
  "given cut-offs, or those of byte pairs":
    "leave out --div_val, give --cutoffs, or use --compat none",
  "increasing cut-offs": "give increasing --cutoffs",
  "a sampled or an adaptive softmax": "leave out --sample_softmax or --adaptive",
  "fewer samples": "lower --sample_softmax or leave it out",
  "narrower embeddings": "lower --d_embed or --d_model",
  "a wider last cluster": "lower --div_val or raise --d_embed",
  "a shorter context, or tables of the papers": "lower --mem_len, or use --compat none",
  "memory, or no same length": "raise --mem_len, or leave out --same_length or --compat",
  "full precision": "leave --fp16 out",
  "hidden states as the cache": "leave out --cache, or use --cache hidden",
  "a smaller model": "lower --d_model, --d_inner or --n_layer, or train fewer words",
  "less memory for a step": "lower --batch_size, --tgt_len or --mem_len, or raise --batch_chunk",
  "smaller attention probabilities":
    "raise --batch_chunk or lower --batch_size, --tgt_len or --mem_len",
  "heads of an imported model": "give --n_head",
  "cut-offs of an imported model": "give --cutoffs",
  "layer norms of an imported model": "give --pre_lnorm or --no_pre_lnorm",
  "the same length of an imported model": "give --same_length or --no_same_length",
  "clamped distances of an imported model": "give --clamp_len, -1 for none",
  "a vocabulary of an imported model": "give --vocab_file",
  "another checkpoint":
    "give another checkpoint with --model, or train it again from an earlier one",
  "a run or a checkpoint": "give the --work_dir of a run, or --model FILE",
  "an export": "write one with deno task export --onnx FILE",
  "a checkpoint, or the runtime of ONNX models":
    "score it with deno task eval --type onnx, or give a checkpoint with --model",
  "the package of ONNX Runtime":
    "run deno task eval once where npm packages can be downloaded; executables do not have it",
  "permissions of ONNX Runtime": "use deno task eval, which may read the files of packages",
  "a graphics driver, or ONNX Runtime on the CPU":
    "run `deno task setup`, or use --onnx_provider wasm",
  "fewer columns, or shorter segments": "lower --batch_size or --tgt_len",
  "the name of the text": "name the text with --data",
  "the text of training":
    "restore it, or go on with the new text with --accept_new_text or --data PATH",
  "a work directory that is not in use": "wait for its end, stop it, or choose another --work_dir",
  "another folder for results": "choose another --work_dir",
  "another work directory": "choose another --work_dir, or give --overwrite",
  "another work directory, or the run in it":
    "continue with --restart, choose another --work_dir, or give --overwrite",
  "the path of a checkpoint": "give --restart PATH",
  "a checkpoint to start from": "give --init_from a checkpoint or the --work_dir of a run",
  "a checkpoint, or a new run": "omit --restart to start a new run",
  "a checkpoint of training, or a new run with its weights":
    "give a file that training wrote, or start a new run from these weights with --init_from",
  "a plain file of PyTorch": "use --pt_layout plain",
  "smaller updates": "lower --lr, raise --warmup_step or lower --clip",
  "smaller updates, or full precision":
    "lower --lr, raise --warmup_step, give a smaller --loss_scale or leave --fp16 out",
  "a smaller loss scale": "give a smaller --loss_scale, or leave it out",
  "a larger loss scale": "give a larger --loss_scale, or leave it out",
  "the last checkpoint": "continue from the last checkpoint with --restart",
  "a new run": "start a new run, there is no checkpoint yet",
};
