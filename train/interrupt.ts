/**
 * SIGINT and SIGTERM ask a run to save and stop; a second one stops it at once. What follows within
 * half a second is the same request: a batch system sends it to every process, and a launcher passes
 * it on.
 *
 * @module
 */

/** Signals of a run. */
export interface Interrupt extends Disposable {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /**
   * Exit code of a run that a signal ended: 128 + the signal's number; that of SIGTERM when another
   * process of the run was the one to hear it.
   */
  exitCode(): number;
}

const SAME_REQUEST_MS = 500;
const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Listens until disposed. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let code = 0;
  let askedMs = 0;
  const listeners = (["SIGINT", "SIGTERM"] as const).map((name) => {
    const listener = () => {
      if (code !== 0 && performance.now() - askedMs < SAME_REQUEST_MS) return;
      if (code !== 0) Deno.exit(CODES[name]);
      askedMs = performance.now();
      code = CODES[name];
      controller.abort();
    };
    Deno.addSignalListener(name, listener);
    return () => Deno.removeSignalListener(name, listener);
  });
  return {
    signal: controller.signal,
    exitCode: () => code === 0 ? CODES.SIGTERM : code,
    [Symbol.dispose]: () => listeners.forEach((remove) => remove()),
  };
}
