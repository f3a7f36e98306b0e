/**
 * Needs of user errors: what has to change, in the field's words, before an action can succeed. A
 * program maps each need to a remedy in its own terms, such as its flags.
 *
 * @module
 */

/** One change. */
export type Need =
  // processes and devices
  | "a graphics driver, or no GPU"
  | "a graphics driver, or any device"
  | "a number of processes"
  | "a shared GPU"
  | "fewer processes, or a shared GPU"
  | "an answer of the process"
  | "an answer of all processes"
  | "MPI between machines"
  | "an address of process 0"
  // the text
  | "a text"
  | "another path of the text"
  | "the folder of the splits"
  | "the innermost folder of the splits"
  | "a folder with text"
  | "one file of text"
  | "no evaluation"
  | "no test"
  | "the data set of any text"
  | "a symbol for unknown words"
  | "symbols of the text"
  | "characters as symbols"
  | "more text or a smaller batch"
  | "more text or a smaller batch of evaluation"
  | "more text, a shorter memory or a smaller batch"
  | "more text, a shorter memory or a smaller batch of evaluation"
  | "a multiple of the processes as the batch"
  | "a model for the symbols of the text"
  | "lines, which are compared per character"
  | "the same version of the reference"
  // the model
  | "no clusters, or given ones"
  | "given cut-offs, or those of byte pairs"
  | "increasing cut-offs"
  | "a sampled or an adaptive softmax"
  | "fewer samples"
  | "narrower embeddings"
  | "a wider last cluster"
  | "a shorter context, or tables of the papers"
  | "memory, or no same length"
  | "full precision"
  | "hidden states as the cache"
  | "a smaller model"
  | "less memory for a step"
  | "smaller attention probabilities"
  // checkpoints and runs
  | "heads of an imported model"
  | "cut-offs of an imported model"
  | "layer norms of an imported model"
  | "the same length of an imported model"
  | "clamped distances of an imported model"
  | "a vocabulary of an imported model"
  | "another checkpoint"
  | "a run or a checkpoint"
  | "an export"
  | "a checkpoint, or the runtime of ONNX models"
  | "the package of ONNX Runtime"
  | "a graphics driver, or ONNX Runtime on the CPU"
  | "fewer columns, or shorter segments"
  | "the name of the text"
  | "the text of training"
  | "a work directory that is not in use"
  | "another folder for results"
  | "another work directory"
  | "another work directory, or the run in it"
  | "the path of a checkpoint"
  | "a checkpoint to start from"
  | "a checkpoint, or a new run"
  | "a checkpoint of training, or a new run with its weights"
  | "a plain file of PyTorch"
  | "smaller updates"
  | "smaller updates, or full precision"
  | "a smaller loss scale"
  | "a larger loss scale"
  | "the last checkpoint"
  | "a new run";

/** One or several changes. */
export type Needs = Need | readonly Need[];
