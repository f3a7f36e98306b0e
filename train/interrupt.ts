/**
 * Signals of a run. SIGINT, SIGTERM and SIGHUP ask it to save and stop, a second one stops it at
 * once; SIGUSR1 asks it to save and go on. While there is nothing to save, the first one stops it at
 * once.
 *
 * @module
 */
import {
  listenTo,
  SAME_REQUEST_MS,
  SAVE_SIGNALS,
  STOP_CODES,
  STOP_SIGNALS,
  type StopSignal,
} from "@transformer-xl/runtime";

/** Signals of a run. */
export interface Interrupt extends Disposable {
  /** Aborts at the first signal that asks to stop. */
  readonly signal: AbortSignal;
  /** Whether a signal asked to save since this was called last. */
  takeSaveRequest(): boolean;
  /** From now on the program saves before it ends; before, a signal ends it at once. */
  startSaving(): void;
  /**
   * Exit code of a run that a signal ended: 128 + the signal's number; that of SIGTERM when another
   * process of the run was the one to hear it.
   */
  exitCode(): number;
}

/** Listens until disposed. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let saves = false;
  let isSaveWanted = false;
  let stop: { readonly signal: StopSignal; readonly atMs: number } | undefined;
  using listeners = new DisposableStack();
  listeners.use(listenTo(SAVE_SIGNALS, () => isSaveWanted = true));
  listeners.use(listenTo(STOP_SIGNALS, (signal) => {
    if (!saves) Deno.exit(STOP_CODES[signal]);
    if (stop !== undefined) {
      if (performance.now() - stop.atMs < SAME_REQUEST_MS) return;
      Deno.exit(STOP_CODES[signal]);
    }
    stop = { signal, atMs: performance.now() };
    controller.abort();
  }));
  const all = listeners.move();
  return {
    signal: controller.signal,
    takeSaveRequest() {
      const wanted = isSaveWanted;
      isSaveWanted = false;
      return wanted;
    },
    startSaving: () => void (saves = true),
    exitCode: () => STOP_CODES[stop?.signal ?? "SIGTERM"],
    [Symbol.dispose]: () => all.dispose(),
  };
}
