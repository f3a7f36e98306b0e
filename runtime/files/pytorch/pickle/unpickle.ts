/**
 * Reading of a pickle as data.
 *
 * @module
 */
import { FileFault } from "../../file_fault.ts";
import { type PickleHooks, PickleMachine } from "./pickle_machine.ts";
import type { MemoryBudget } from "./pickle_reader.ts";
import { STEPS, STOP } from "./pickle_steps.ts";
import type { PickleValue } from "./pickle_values.ts";

/** A pickle that was read. */
export interface Unpickled {
  /** Its value. */
  readonly value: PickleValue;
  /** Its length in bytes. */
  readonly length: number;
}

/**
 * Reads the pickle at the start of a window.
 *
 * @throws {FileFault} When it is damaged, or takes too much memory
 * @throws {PickleWindowEnd} When its window ends before
 */
export function unpickle(
  window: Uint8Array<ArrayBuffer>,
  budget: MemoryBudget,
  hooks: PickleHooks,
): Unpickled {
  const machine = new PickleMachine(window, budget, hooks);
  const { reader } = machine;
  for (;;) {
    const opcode = reader.byte();
    if (opcode === STOP) return { value: machine.pop(), length: reader.position };
    const step = STEPS[opcode];
    if (step === undefined) {
      const hex = opcode.toString(16).padStart(2, "0");
      throw new FileFault(
        `its pickle has the opcode 0x${hex} at byte ${
          reader.position - 1
        }: it is damaged, or of the ` +
          "protocols 0 and 1, which are not read",
      );
    }
    step(machine);
  }
}
