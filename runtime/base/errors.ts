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

/** Longest message of a {@link CheckpointError}: what it quotes may come from a hostile file. */
const CHECKPOINT_MESSAGE_LENGTH = 399;

/** A checkpoint is missing, damaged or of another model. Its message is one line below 400 characters. */
export class CheckpointError extends Error {
  /** Name of the class. */
  override readonly name = "CheckpointError";

  /** An error about a file; control characters in the message are escaped, what is too long is cut. */
  constructor(message: string, options?: ErrorOptions) {
    super(oneLine(message, CHECKPOINT_MESSAGE_LENGTH), options);
  }
}

/** What a {@link GroupError} may carry besides its message. */
export interface GroupErrorOptions extends ErrorOptions {
  /** The process that is gone, if that is the trouble. */
  readonly lostRank?: number | undefined;
}

/** The processes of a job cannot find, hear or match each other. */
export class GroupError extends Error {
  /** Name of the class. */
  override readonly name = "GroupError";
  /**
   * The process that is gone, where that is all this process knows: the one that ended first says
   * why, so the others may be silent.
   */
  readonly lostRank: number | undefined;

  /** An error of a group of processes. */
  constructor(message: string, options?: GroupErrorOptions) {
    super(message, options);
    this.lostRank = options?.lostRank;
  }
}

/** Why a {@link DeviceError} was thrown. */
export type DeviceErrorReason =
  | "no-adapter"
  | "unsupported"
  | "out-of-memory"
  | "validation"
  | "lost"
  | "not-finite";

/** The device is absent, unfit, full, lost, or refused a launch. */
export class DeviceError extends Error {
  /** Name of the class. */
  override readonly name = "DeviceError";
  /** What kind of trouble it is. */
  readonly reason: DeviceErrorReason;

  /** An error of a device; `reason` says what to do about it. */
  constructor(reason: DeviceErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * True for the errors whose message alone is what a user needs.
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
