/**
 * Signals of a run. SIGINT, SIGTERM and SIGHUP request a save and stop; a second one ends the
 * process at once. SIGUSR1 requests a save. While there is nothing to save, the first signal ends
 * the process, however busy it is.
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
  /** Aborts at the first stop signal. */
  readonly signal: AbortSignal;
  /** Whether a save signal arrived since the previous call. */
  takeSaveRequest(): boolean;
  /** From now on the program saves before it ends; until then, the system ends it. */
  startSaving(): void;
  /**
   * Exit code of a run stopped by a signal: 128 + its number; that of SIGTERM if another rank
   * received it.
   */
  exitCode(): number;
}

/** Listens until disposed. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let isSaveWanted = false;
  let stop: StopSignal | undefined;
  using listeners = new DisposableStack();
  listeners.use(listenTo(SAVE_SIGNALS, () => isSaveWanted = true));
  const all = listeners.move();
  return {
    signal: controller.signal,
    takeSaveRequest() {
      const wanted = isSaveWanted;
      isSaveWanted = false;
      return wanted;
    },
    startSaving() {
      const stops = all.use(listenTo(STOP_SIGNALS, (signal) => {
        if (stop !== undefined) return;
        stop = signal;
        controller.abort();
        // Without a listener the system ends the program, even during a long step.
        const timer = setTimeout(() => stops[Symbol.dispose](), SAME_REQUEST_MS);
        Deno.unrefTimer(timer);
        all.defer(() => clearTimeout(timer));
      }));
    },
    exitCode: () => STOP_CODES[stop ?? "SIGTERM"],
    [Symbol.dispose]: () => all.dispose(),
  };
}
