/**
 * Typed text: the words of the command line, standard input, or a file.
 *
 * @module
 */
import { DataError, isSystemError, quoted, systemReason } from "@transformer-xl/runtime";
import type { EvalConfig } from "../config.ts";

/** The word that stands for standard input. */
const STANDARD_INPUT = "-";

/** Whether the words stand for standard input. */
function readsStandardInput({ manual }: Pick<EvalConfig, "manual">): boolean {
  return manual.length === 1 && manual[0] === STANDARD_INPUT;
}

/** Standard input, which is read once, also where two models score it. */
let standardInput: Promise<Uint8Array<ArrayBuffer>> | undefined;

async function readInput(): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
}

/**
 * The typed text of the flags, without a byte order mark and the last line end.
 *
 * @param onInput called before standard input is read, once
 * @throws {DataError} when it cannot be read, or is not UTF-8
 */
export async function typedText(
  { manual, manualFile }: Pick<EvalConfig, "manual" | "manualFile">,
  onInput: () => void = () => {},
): Promise<string> {
  if (manualFile === null && !readsStandardInput({ manual })) return manual.join(" ");
  const name = manualFile === null ? "standard input" : quoted(manualFile);
  if (manualFile === null && standardInput === undefined) onInput();
  const bytes = manualFile === null
    ? await (standardInput ??= readInput())
    : await readFile(manualFile);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); // drops the mark
    return text.replace(/\r?\n$/, "");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new DataError(
      `Cannot read ${name}: it is not UTF-8, as typed text is for symbols of every kind; convert it ` +
        "with iconv -f ITS_ENCODING -t UTF-8",
      { cause: error },
    );
  }
}

async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new DataError(
      `Cannot read ${quoted(path)}: ${systemReason(error)}; give a file with text`,
      { cause: error },
    );
  }
}
