/**
 * A list of the launches that a device compiled, with the time of each where a plan was profiled:
 * the view below ops.
 *
 * @module
 */
import type { Device, Recording, ScalarValues } from "@transformer-xl/runtime";

/** One profiled run of one plan. */
export interface ProfiledRun {
  /** What ran. */
  readonly recording: Recording;
  /** Numbers it was given. */
  readonly scalars: ScalarValues;
  /** Milliseconds of every step. */
  readonly elapsedMs: readonly number[];
}

/** Keeps the recordings a device compiles, and the times of their profiles, until it is disposed. */
export class LaunchLog implements Disposable {
  /** Recordings in the order they were compiled. */
  readonly recordings: Recording[] = [];
  /** Profiled runs in order. */
  readonly runs: ProfiledRun[] = [];
  readonly #device: Device;

  /** Listens from now on. */
  constructor(device: Device) {
    this.#device = device;
    const compile = device.compile.bind(device);
    device.compile = async (recording) => {
      const executable = await compile(recording);
      this.recordings.push(recording);
      return {
        ...executable,
        profile: async (inputs, scalars) => {
          const elapsedMs = await executable.profile(inputs, scalars);
          this.runs.push({ recording, scalars: new Map(scalars), elapsedMs });
          return elapsedMs;
        },
      };
    };
  }

  /** Stops listening; plans compiled meanwhile go on reporting their profiles. */
  [Symbol.dispose](): void {
    Reflect.deleteProperty(this.#device, "compile");
  }
}
