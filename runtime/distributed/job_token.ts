/**
 * The token by which ranks of one job recognise each other at a port that anyone can reach.
 *
 * @module
 */
import { ConfigError, messageOf } from "../base/errors.ts";
import { sha256 } from "../base/sha256.ts";
import type { ReadVariable } from "./rank_environment.ts";
import type { Facts } from "./same_facts.ts";

/** Environment variable with the secret of a job, set by this program's launcher. */
export const TOKEN_VARIABLE = "TXL_JOB_TOKEN";

/** Environment variable with the path of a file that holds the secret. */
export const TOKEN_FILE_VARIABLE = "TXL_JOB_TOKEN_FILE";

/** Variables with the job numbers of schedulers and launchers. */
const JOB_VARIABLES = [
  "SLURM_JOB_ID",
  "PBS_JOBID",
  "LSB_JOBID",
  "TORCHELASTIC_RUN_ID",
] as const;

const MAX_FILE_BYTES = 4096;

/** Identity of a job. */
export interface JobIdentity {
  /** SHA-256 of the secret, the job's number or the settings, in hexadecimal. */
  readonly token: string;
  /** Whether the token is derived from the settings, so that another token means other settings. */
  readonly isDigest: boolean;
  /** The settings, for messages about differences. */
  readonly settings: Facts;
}

/**
 * The identity of the job of this process: the secret in `TXL_JOB_TOKEN` or in the file that
 * `TXL_JOB_TOKEN_FILE` names, else the number that a scheduler gave the job, else the settings.
 *
 * @throws {ConfigError} when a secret is empty, or its file cannot be read
 */
export function jobIdentity(
  settings: Facts,
  read: ReadVariable = (name) => Deno.env.get(name),
): JobIdentity {
  const secret = read(TOKEN_VARIABLE) ?? secretOfFile(read(TOKEN_FILE_VARIABLE));
  if (secret?.trim() === "") {
    throw new ConfigError(
      `Cannot use the job token: ${TOKEN_VARIABLE} is empty; set it to a secret, or unset it`,
    );
  }
  if (secret !== undefined) return identity("secret", secret.trim(), settings);
  for (const name of JOB_VARIABLES) {
    const number = read(name);
    if (number !== undefined && number !== "" && number !== "none") {
      return identity(name, number, settings);
    }
  }
  const sorted = Object.entries(settings).sort(([a], [b]) => a < b ? -1 : 1);
  return { ...identity("settings", JSON.stringify(sorted), settings), isDigest: true };
}

/** A new secret of 16 random bytes in hexadecimal. */
export function newSecret(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

function identity(kind: string, value: string, settings: Facts): JobIdentity {
  return { token: sha256(`${kind}\0${value}`), isDigest: false, settings };
}

function secretOfFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    const { isFile, size } = Deno.statSync(path);
    if (!isFile) throw new Error("it is not a file");
    if (size === 0) throw new Error("it is empty");
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, at most ${MAX_FILE_BYTES}`);
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new ConfigError(
      `Cannot read the job token from ${TOKEN_FILE_VARIABLE} "${path}": ${messageOf(cause)}; ` +
        "name a file with a secret that only you can read",
      { cause },
    );
  }
}
