/**
 * The errors of an import.
 *
 * @module
 */
import { CheckpointError, type Needs, oneLine, quoted } from "@transformer-xl/runtime";

/** The error that refuses a file. */
export function cannotImport(path: string, problem: string, need?: Needs): CheckpointError {
  return new CheckpointError(`Cannot import ${quoted(path)}: ${oneLine(problem, 240)}`, { need });
}
