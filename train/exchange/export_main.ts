/**
 * `deno task export`: the weights of a checkpoint in files of other programs, and without the state
 * of training.
 *
 * @module
 */
import { findCheckpoint, lastForBest } from "@transformer-xl/eval";
import { openCheckpoint, REMEDIES, unverifiedLine } from "@transformer-xl/model";
import {
  exitAtSignals,
  fileInfo,
  flagHelp,
  formatBytes,
  parseFlags,
  quoted,
  runCli,
  wantsHelp,
  withRemedies,
  withUserPaths,
} from "@transformer-xl/runtime";
import { checkedOutputs, type ExportFlags, exportSchema, exportWarnings } from "./export_config.ts";
import { EXPORTERS } from "./exporters.ts";

if (import.meta.main) await runCli(() => exportCheckpoint(Deno.args, console.log));

/**
 * Exports with the given flags.
 *
 * @param print called with every line of output
 * @returns exit code: 0
 * @throws user errors: of flags, of the checkpoint, and of files that cannot be written
 */
export async function exportCheckpoint(
  argv: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  return await withRemedies(REMEDIES, () => exportWith(argv, print));
}

async function exportWith(
  argv: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  if (wantsHelp(argv)) {
    const description = "Writes the weights of a checkpoint for other programs.";
    print(flagHelp(exportSchema, { usage: "deno task export [flags]", description }));
    return 0;
  }
  const parsed = parseFlags(exportSchema, argv);
  const config: ExportFlags = withUserPaths(
    parsed.config,
    ["workDir", "model", "safetensors", "pt", "onnx"],
  );
  const path = await findCheckpoint(config, "export");
  const outputs = await checkedOutputs(config, path);
  using checkpoint = await openCheckpoint(path);
  print(`checkpoint : ${quoted(checkpoint.path)}`);
  for (const line of [unverifiedLine(checkpoint), lastForBest(config, path, "exporting")]) {
    if (line !== undefined) print(line);
  }
  for (const line of exportWarnings(config, parsed.origin)) print(line);
  using _signals = exitAtSignals(); // which removes incomplete files
  for (const output of outputs) {
    const { content, notes = [] } = await EXPORTERS[output.format](checkpoint, output.path, config);
    const { size = 0 } = await fileInfo(output.path) ?? {};
    print(`written    : ${quoted(output.path)}, ${formatBytes(size)}, ${content}`);
    for (const note of notes) print(note);
  }
  return 0;
}
