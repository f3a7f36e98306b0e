/**
 * SIGINT and SIGTERM ask a run to save and stop; a second one stops it at once.
 *
 * @module
 */

/** Signals of a run. */
export interface Interrupt extends Disposable {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** Exit code of a run that a signal ended: 128 + the signal's number. */
  exitCode(): number;
}

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Listens until disposed. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let code = 0;
  const listeners = (["SIGINT", "SIGTERM"] as const).map((name) => {
    const listener = () => {
      if (code !== 0) Deno.exit(CODES[name]);
      code = CODES[name];
      controller.abort();
    };
    Deno.addSignalListener(name, listener);
    return () => Deno.removeSignalListener(name, listener);
  });
  return {
    signal: controller.signal,
    exitCode: () => code,
    [Symbol.dispose]: () => listeners.forEach((remove) => remove()),
  };
}
