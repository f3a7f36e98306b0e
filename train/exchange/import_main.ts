/**
 * `deno task import FILE --work_dir DIR`: a model of another program as a checkpoint.
 *
 * @module
 */
import {
  checkpointMetadata,
  type ImportedModel,
  type Layout,
  openImport,
  REMEDIES,
  vocabularySource,
} from "@transformer-xl/model";
import {
  ConfigError,
  exitAtSignals,
  flagHelp,
  formatBytes,
  parseFlags,
  quoted,
  runCli,
  wantsHelp,
  withRemedies,
  withUserPaths,
  writeSafetensors,
} from "@transformer-xl/runtime";
import { CheckpointFiles, checkpointsIn } from "../checkpoint/checkpoint_files.ts";
import { WorkDirectory } from "../checkpoint/work_directory.ts";
import { importSchema } from "./import_config.ts";

/** Programs by their layout. */
const PROGRAMS: Readonly<Record<Layout, string>> = {
  nvidia: "NVIDIA's program",
  authors: "the authors' program",
  huggingface: "Hugging Face's transfo-xl",
  own: "deno task export",
};

if (import.meta.main) await runCli(() => importModel(Deno.args, console.log));

/**
 * Imports with the given words of a command line.
 *
 * @param print called with every line of output
 * @returns exit code: 0, or 2 without a file
 * @throws user errors: of flags, of the file, and of the folder
 */
export async function importModel(
  argv: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  return await withRemedies(REMEDIES, () => importWith(argv, print));
}

async function importWith(
  [file, ...argv]: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  if (file === undefined || wantsHelp([file]) || wantsHelp(argv)) {
    const usage = "deno task import FILE --work_dir DIR [flags]";
    const description = "Writes a model that another program saved as a checkpoint, which train, " +
      "eval and generate read. Nothing in FILE is executed.";
    print(flagHelp(importSchema, { usage, description }));
    return file === undefined ? 2 : 0;
  }
  if (file.startsWith("-")) {
    throw new ConfigError(
      `Cannot import ${quoted(file)}: a file is wanted first; write FILE --work_dir DIR`,
    );
  }
  if (file === "") {
    throw new ConfigError('Cannot import "": a path is wanted; write FILE --work_dir DIR');
  }
  const { path } = withUserPaths({ path: file }, ["path"]);
  const config = withUserPaths(
    parseFlags(importSchema, argv).config,
    ["workDir", "vocabFile", "sourceConfig"],
  );
  const { workDir, overwrite } = config;
  if (workDir === null) {
    throw new ConfigError(`Cannot import ${quoted(file)}: no folder is given; give --work_dir DIR`);
  }
  using _signals = exitAtSignals(); // which removes incomplete files
  using folder = await WorkDirectory.open(workDir, print);
  const files = new CheckpointFiles(workDir, { saveAll: false });
  const [found] = await checkpointsIn(workDir);
  if (found !== undefined && !overwrite) {
    throw new ConfigError(
      `Cannot import ${quoted(file)} into ${quoted(workDir)}: it holds the checkpoint ${
        quoted(found)
      }`,
      { need: "another work directory" },
    );
  }
  using model = await openImport(path, config);
  await folder.assertHeld();
  await writeSafetensors(
    files.best,
    [...model.weights, vocabularySource(model.vocabulary)],
    checkpointMetadata(model.config, undefined, model.facts),
  );
  await files.clearLast();
  for (const line of summaryOf(model)) print(line);
  const { size } = await Deno.stat(files.best);
  print(`written    : ${quoted(files.best)}, ${formatBytes(size)}`);
  print(`evaluate it: deno task eval --work_dir ${workDir} --data PATH`);
  return 0;
}

/** What was imported. */
function summaryOf(
  { layout, config, facts, vocabulary, weights, sourceConfig }: ImportedModel,
): string[] {
  const { nLayer, dModel, nHead, dHead, dInner, compat, clampLen, sameLength, preLnorm } = config;
  const count = weights.reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);
  return [
    `layout     : ${PROGRAMS[layout]}`,
    ...(sourceConfig === undefined ? [] : [`config     : ${quoted(sourceConfig)}`]),
    `model      : ${count} parameters, ${nLayer} layers, d_model ${dModel}, ${nHead} heads of ` +
    `${dHead}, d_inner ${dInner}`,
    `settings   : compat ${compat}, pre_lnorm ${preLnorm}, same_length ${sameLength}, ` +
    `clamp_len ${clampLen}`,
    `vocabulary : ${vocabulary.size} ${vocabulary.kind} symbols`,
    `training   : ${factWords(facts)}`,
    "Optimizer, schedule and memory are not imported: train --init_from starts with the weights",
  ];
}

function factWords({ config: { dataset, tgtLen, memLen } }: ImportedModel["facts"]): string {
  const lengths = tgtLen === undefined ? "lengths unknown" : `tgt_len ${tgtLen}, mem_len ${memLen}`;
  return `data set ${dataset}, ${lengths}`;
}
