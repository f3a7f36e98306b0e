/**
 * Signals that ask a program to stop or save, and their exit codes.
 *
 * @module
 */

/** A signal that asks a program to stop. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Numbers of the signals that end a process, which POSIX fixes. */
export const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 } as const;

/** Exit codes of programs stopped by a signal: 128 + its number. */
export const STOP_CODES: Readonly<Record<StopSignal, number>> = {
  SIGHUP: 128 + SIGNAL_NUMBERS.SIGHUP,
  SIGINT: 128 + SIGNAL_NUMBERS.SIGINT,
  SIGTERM: 128 + SIGNAL_NUMBERS.SIGTERM,
};

const IS_WINDOWS = Deno.build.os === "windows";

/** Signals that ask to stop on this system: Ctrl-C, a batch system, a closing terminal. */
export const STOP_SIGNALS: readonly StopSignal[] = IS_WINDOWS
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Signals that ask to save and continue. */
export const SAVE_SIGNALS: readonly "SIGUSR1"[] = IS_WINDOWS ? [] : ["SIGUSR1"];

/**
 * Signals within this time count as one request: a batch system signals every process, and a task
 * runner forwards its signal.
 */
export const SAME_REQUEST_MS = 500;

/** Calls `onSignal` for every signal until disposed; then the default action is restored. */
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
 * Removes incomplete files when a signal ends the program. Needed only while there are any;
 * otherwise the system ends the program, even a busy one.
 */
export function exitAtSignals(): Disposable {
  return listenTo(STOP_SIGNALS, (signal) => Deno.exit(STOP_CODES[signal]));
}
