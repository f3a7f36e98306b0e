/**
 * Settings of a command line that differ from those of a checkpoint, in words.
 *
 * @module
 */
import { CheckpointError, flagName } from "@transformer-xl/runtime";

/** Whether two settings have one value. */
export function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A setting in command-line form: `--tgt_len 32 (it is 64 there)`. */
export function settingWords(key: string, value: unknown, stored: unknown): string {
  return `--${flagName(key)} ${typed(value)} ${thereWords(stored)}`;
}

/** The value of the checkpoint, behind another one. */
export function thereWords(stored: unknown): string {
  return `(it is ${typed(stored)} there)`;
}

/** The error for settings that only the checkpoint decides. */
export function otherSettings(
  action: "continue" | "start",
  path: string,
  differences: readonly string[],
): CheckpointError {
  return new CheckpointError(
    `Cannot ${action} from "${path}" with ${differences.join(", ")}; ` +
      `leave ${
        differences.length === 1 ? "this flag" : "these flags"
      } out to take the checkpoint's`,
  );
}

/** A value in command-line form. */
function typed(value: unknown): string {
  if (value === null) return "none";
  return Array.isArray(value) ? value.join(",") || "none" : String(value);
}
