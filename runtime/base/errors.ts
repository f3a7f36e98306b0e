/**
 * Error classes for mistakes that a user can correct. Messages have the form `Cannot <action>:
 * <current state, wanted state>`, quote values, have no final period and end with the remedy.
 * Command-line programs print the message and exit with code 2; any other error is a bug and keeps
 * its stack.
 *
 * @module
 */
import { oneLine } from "./one_line.ts";

/** A tensor has the wrong rank, size or dtype. */
export class ShapeError extends TypeError {
  /** Name of the class. */
  override readonly name = "ShapeError";
}

/** A WGSL source does not compile, or a launch does not match it. */
export class ShaderError extends SyntaxError {
  /** Name of the class. */
  override readonly name = "ShaderError";
}

/** A flag, a configuration file or a combination of settings is wrong. */
export class ConfigError extends RangeError {
  /** Name of the class. */
  override readonly name = "ConfigError";
}

/** Text, a vocabulary or a data set cannot be used. */
export class DataError extends Error {
  /** Name of the class. */
  override readonly name = "DataError";
}

/** Maximum length of a {@link CheckpointError} message, which may quote an untrusted file. */
const CHECKPOINT_MESSAGE_LENGTH = 399;

/**
 * A checkpoint is missing, damaged or belongs to another model. Its message is one line below 400
 * characters.
 */
export class CheckpointError extends Error {
  /** Name of the class. */
  override readonly name = "CheckpointError";

  /** An error about a file; control characters are escaped and long messages are shortened. */
  constructor(message: string, options?: ErrorOptions) {
    super(oneLine(message, CHECKPOINT_MESSAGE_LENGTH), options);
  }
}

/** Options of a {@link GroupError}. */
export interface GroupErrorOptions extends ErrorOptions {
  /** The rank that ended, if that is the cause. */
  readonly lostRank?: number | undefined;
}

/** The ranks of a job cannot connect, communicate or agree. */
export class GroupError extends Error {
  /** Name of the class. */
  override readonly name = "GroupError";
  /**
   * The rank that ended, if that is all this rank knows; the rank that ended first reports the
   * cause.
   */
  readonly lostRank: number | undefined;

  /** An error of a group of processes. */
  constructor(message: string, options?: GroupErrorOptions) {
    super(message, options);
    this.lostRank = options?.lostRank;
  }
}

/** Reason of a {@link DeviceError}. */
export type DeviceErrorReason =
  | "no-adapter"
  | "unsupported"
  | "out-of-memory"
  | "validation"
  | "lost"
  | "not-finite";

/** The device is missing, unsuitable, out of memory or lost, or it rejected a launch. */
export class DeviceError extends Error {
  /** Name of the class. */
  override readonly name = "DeviceError";
  /** Kind of failure. */
  readonly reason: DeviceErrorReason;

  /** An error of a device; `reason` determines the remedy. */
  constructor(reason: DeviceErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * True for user errors, whose message is printed without a stack.
 *
 * @example
 * ```ts
 * import { ConfigError, isUserError } from "@transformer-xl/runtime";
 * import { assert } from "@std/assert";
 *
 * assert(isUserError(new ConfigError("Cannot parse flag")));
 * assert(!isUserError(new Error("bug")));
 * ```
 */
export function isUserError(error: unknown): error is Error {
  return error instanceof ShapeError || error instanceof ShaderError ||
    error instanceof ConfigError || error instanceof DataError ||
    error instanceof CheckpointError || error instanceof DeviceError || error instanceof GroupError;
}
