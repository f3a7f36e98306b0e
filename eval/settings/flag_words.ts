/**
 * Flags in the lines that an evaluation prints.
 *
 * @module
 */

/** The line about missing log files. */
export const NO_LOG_FILES = "--debug: no log files are written";

/** The flag of typed text: words or standard input, or a file. */
export function typedFlag({ manualFile }: { readonly manualFile: string | null }): string {
  return manualFile === null ? "--manual" : "--manual_file";
}

/** The origin of typed text: words, standard input, or a file. */
export function typedName(config: { readonly manualFile: string | null }): string {
  const { manualFile } = config;
  return typedFlag(config) + (manualFile === null ? "" : ` ${JSON.stringify(manualFile)}`);
}

/** The line before standard input is read from a terminal. */
export const READS_INPUT = "--manual - : type a text, then Ctrl-D";

/** The origin of a text that is not that of training. */
export const GIVEN_TEXT = "--data";

/** The line about a name of a runtime of the reference; undefined for this program's own. */
export function typeLine(type: string): string | undefined {
  return type === "webgpu" || type === "onnx"
    ? undefined
    : `--type ${type}: the same as webgpu, the model is recorded once`;
}

/** Flags in the line about tokens that are not scored. */
export const COVERAGE_FLAGS = {
  batchSize: "--batch_size",
  memLen: "--mem_len",
  maxSegments: "--max_size",
} as const;
