/**
 * Error classes for mistakes that a user can correct. Messages have the form `Cannot <action>:
 * <current state, wanted state>`, quote values and have no final period. The remedy follows, or the
 * error carries a need, which a program words with its flags. Command-line programs print both and
 * exit with code 2; any other error is a bug and keeps its stack.
 *
 * @module
 */
import type { Needs } from "./need.ts";
import { oneLine } from "./one_line.ts";

/** Options of a user error. */
export interface UserErrorOptions extends ErrorOptions {
  /** What has to change. */
  readonly need?: Needs | undefined;
}

/** A user error on top of a standard class; its message says what is wrong. */
function userError(Base: ErrorConstructor) {
  return class extends Base {
    /** What has to change. */
    readonly need: Needs | undefined;

    constructor(message: string, options?: UserErrorOptions) {
      super(message, options);
      this.need = options?.need;
    }
  };
}

/** A tensor has the wrong rank, size or dtype. */
export class ShapeError extends userError(TypeError) {
  /** Name of the class. */
  override readonly name = "ShapeError";
}

/** A WGSL source does not compile, or a launch does not match it. */
export class ShaderError extends userError(SyntaxError) {
  /** Name of the class. */
  override readonly name = "ShaderError";
}

/** A flag, a configuration file or a combination of settings is wrong. */
export class ConfigError extends userError(RangeError) {
  /** Name of the class. */
  override readonly name = "ConfigError";
}

/** Text, a vocabulary or a data set cannot be used. */
export class DataError extends userError(Error) {
  /** Name of the class. */
  override readonly name = "DataError";
}

/** Maximum length of a {@link CheckpointError} message, which may quote an untrusted file. */
const CHECKPOINT_MESSAGE_LENGTH = 399;

/**
 * A checkpoint is missing, damaged or belongs to another model. Its message is one line below 400
 * characters.
 */
export class CheckpointError extends userError(Error) {
  /** Name of the class. */
  override readonly name = "CheckpointError";

  /** An error about a file; control characters are escaped and long messages are shortened. */
  constructor(message: string, options?: UserErrorOptions) {
    super(oneLine(message, CHECKPOINT_MESSAGE_LENGTH), options);
  }
}

/** Options of a {@link GroupError}. */
export interface GroupErrorOptions extends UserErrorOptions {
  /** The rank that ended, if that is the cause. */
  readonly lostRank?: number | undefined;
}

/** The ranks of a job cannot connect, communicate or agree. */
export class GroupError extends userError(Error) {
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
export class DeviceError extends userError(Error) {
  /** Name of the class. */
  override readonly name = "DeviceError";
  /** Kind of failure. */
  readonly reason: DeviceErrorReason;

  /** An error of a device; `reason` determines the remedy. */
  constructor(reason: DeviceErrorReason, message: string, options?: UserErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** A mistake that a user can correct. */
export type UserError =
  | ShapeError
  | ShaderError
  | ConfigError
  | DataError
  | CheckpointError
  | GroupError
  | DeviceError;

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
export function isUserError(error: unknown): error is UserError {
  return error instanceof ShapeError || error instanceof ShaderError ||
    error instanceof ConfigError || error instanceof DataError ||
    error instanceof CheckpointError || error instanceof DeviceError || error instanceof GroupError;
}

/** The message of a thrown value; WebGPU errors are not instances of Error in Deno. */
export function messageOf(error: unknown): string {
  return (error as { message?: string } | undefined)?.message ?? String(error);
}
