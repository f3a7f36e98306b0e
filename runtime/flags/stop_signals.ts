/**
 * Signals that ask a program to stop or save, and their exit codes.
 *
 * @module
 */

/** A signal that asks a program to end. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Numbers of the signals that end a process, which POSIX fixes. */
export const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 } as const;

/** Exit codes of programs that ended because they were asked to: 128 + the signal's number. */
export const STOP_CODES: Readonly<Record<StopSignal, number>> = {
  SIGHUP: 128 + SIGNAL_NUMBERS.SIGHUP,
  SIGINT: 128 + SIGNAL_NUMBERS.SIGINT,
  SIGTERM: 128 + SIGNAL_NUMBERS.SIGTERM,
};

const IS_WINDOWS = Deno.build.os === "windows";

/** The signals that ask to end on this system: Ctrl-C, a batch system, a terminal that closes. */
export const STOP_SIGNALS: readonly StopSignal[] = IS_WINDOWS
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** The signals that ask to save and go on. */
export const SAVE_SIGNALS: readonly "SIGUSR1"[] = IS_WINDOWS ? [] : ["SIGUSR1"];

/**
 * What follows a signal within this time is the same request: a batch system sends it to every
 * process, a task runner passes it on.
 */
export const SAME_REQUEST_MS = 500;

/** Calls `onSignal` for every signal until disposed; then the system does what it did before. */
export function listenTo<S extends Deno.Signal>(
  signals: readonly S[],
  onSignal: (signal: S) => void,
): Disposable {
  const removers = signals.map((signal) => {
    const listener = () => onSignal(signal);
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return { [Symbol.dispose]: () => removers.splice(0).forEach((remove) => remove()) };
}

/**
 * Lets a signal end the program as it ends, with files removed that are half written. Needed only
 * while there are any: otherwise the system ends the program, sooner than a busy one can.
 */
export function exitAtSignals(): Disposable {
  return listenTo(STOP_SIGNALS, (signal) => Deno.exit(STOP_CODES[signal]));
}
