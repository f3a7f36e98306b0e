/**
 * Pace of Dawn's polls. Its binding for Node asks for finished work from `setImmediate` for as long
 * as a promise is pending, 40,000 times a second: that takes one core, and the finalizers of as many
 * closures stop the program for seconds at the next full garbage collection. The first polls of a
 * wait stay immediate, so that short waits stay short; the others come from a timer.
 *
 * @module
 */

/** A function that runs another one later. */
export type Schedule = (run: () => void) => unknown;

/** Polls of one wait before the timer takes over. */
const IMMEDIATE_POLLS = 8;

const POLL_MS = 1;

/**
 * A replacement of `setImmediate` for polls. A poll asked for during a poll continues its wait.
 *
 * @param soon runs in the next turn of the event loop
 * @param later runs after some milliseconds
 * @example
 * ```ts
 * import { pacedPolls } from "@transformer-xl/runtime/setup";
 * import { assertEquals } from "@std/assert";
 *
 * const turns: string[] = [];
 * let run = () => {};
 * const poll = pacedPolls(
 *   (next) => (turns.push("soon"), run = next),
 *   (next) => (turns.push("later"), run = next),
 * );
 * const pending = () => void poll(pending);
 * pending();
 * for (let turn = 0; turn < 9; turn++) run();
 * assertEquals(turns.map((turn) => turn[0]).join(""), "ssssssssll");
 * ```
 */
export function pacedPolls(
  soon: Schedule,
  later: (run: () => void, ms: number) => unknown,
): Schedule {
  let polls = 0;
  let isPolling = false;
  return (poll) => {
    polls = isPolling ? polls + 1 : 0;
    const run = () => {
      isPolling = true;
      try {
        poll();
      } finally {
        isPolling = false;
      }
    };
    return polls < IMMEDIATE_POLLS ? soon(run) : later(run, POLL_MS);
  };
}

let isPaced = false;

/** Paces the polls that the binding asks for; other calls of `setImmediate` are as before. */
export function pacePolls(): void {
  if (isPaced) return;
  isPaced = true;
  const { setImmediate: immediate } = globalThis;
  const poll = pacedPolls((run) => immediate(run), (run, ms) => setTimeout(run, ms));
  const paced = (callback: (...values: unknown[]) => void, ...values: unknown[]) =>
    isNative(callback) ? poll(callback) : immediate(callback, ...values);
  globalThis.setImmediate = paced as typeof setImmediate;
}

/** Whether a function is a nameless one of a native module; bound functions have names. */
function isNative(callback: unknown): callback is () => void {
  return typeof callback === "function" && callback.name === "" &&
    Function.prototype.toString.call(callback).includes("[native code]");
}
