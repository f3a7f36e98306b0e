/**
 * The command lines called in this process, which saves the start of another.
 *
 * @module
 */
import { evaluate } from "@transformer-xl/eval/cli";
import { isUserError } from "@transformer-xl/runtime";
import { train } from "@transformer-xl/train/cli";
import { type Ended, type Flags, runProgram, words } from "../program.ts";

const MAINS = {
  train,
  eval: evaluate,
  "eval/generation": (argv: readonly string[]) => evaluate(["--generate", ...argv]),
};

/** A program that this process can call. */
export type CalledName = keyof typeof MAINS;

/**
 * How a program would end as a process, and what it would print. Several processes are started by one
 * of their own.
 */
export async function callProgram(name: CalledName, flags: Flags): Promise<Ended> {
  if ((flags["gpus"] ?? 1) !== 1) return await runProgram(name, flags);
  return await called(() => MAINS[name](words(flags)));
}

/** How a program would end as a process, and what it would print. */
export async function called(main: () => Promise<number>): Promise<Ended> {
  using stdout = new Captured(Deno.stdout, "log");
  using stderr = new Captured(Deno.stderr, "error", "warn");
  let code = 2;
  try {
    code = await main();
  } catch (error) {
    if (!isUserError(error)) throw error;
    console.error(`error: ${error.message}`);
  }
  return { code, stdout: stdout.text.replace(/\n$/, ""), stderr: stderr.text };
}

/** What is written to a stream and by methods of the console, until it is disposed. */
class Captured implements Disposable {
  text = "";
  readonly #restore = new DisposableStack();

  constructor(stream: typeof Deno.stdout, ...methods: readonly ("log" | "warn" | "error")[]) {
    const decoder = new TextDecoder();
    this.#replace(stream, "writeSync", (bytes: Uint8Array) => {
      this.text += decoder.decode(bytes, { stream: true });
      return bytes.length;
    });
    for (const method of methods) {
      this.#replace(console, method, (line: unknown) => void (this.text += `${line}\n`));
    }
  }

  #replace<T extends object, K extends keyof T>(target: T, key: K, value: T[K]): void {
    const own = Object.getOwnPropertyDescriptor(target, key);
    Object.defineProperty(target, key, { value, configurable: true, writable: true });
    this.#restore.defer(() => {
      if (own === undefined) delete target[key];
      else Object.defineProperty(target, key, own);
    });
  }

  [Symbol.dispose](): void {
    this.#restore.dispose();
  }
}
