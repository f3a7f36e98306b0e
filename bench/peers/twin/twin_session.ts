/**
 * A peer in a process of its own: a program that takes a {@link Workload}, prints a line of JSON about
 * itself, and then, for every number in its standard input, runs as many steps and prints a line with
 * the sample, or a reason in place of a line and ends.
 *
 * @module
 */
import { messageOf } from "@transformer-xl/runtime";
import { TextLineStream } from "@std/streams";
import { z } from "zod";
import type { PeerSession, Sample } from "../peer.ts";

/** Why a program does not run. */
const refusal = z.object({ cannot: z.string() });

const introduction = z.object({ detail: z.string(), parameters: z.number() });

const answer = z.object({ ms: z.number(), cpuMs: z.number(), loss: z.number() });

/** A program. */
export interface TwinCommand {
  /** Path of the executable and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** All environment variables. */
  readonly env: Record<string, string>;
}

/** A process of the twin. */
export class TwinSession implements PeerSession {
  readonly detail: string;
  readonly parameters: number;
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #isRunning = false;

  private constructor(
    process: Deno.ChildProcess,
    requests: WritableStreamDefaultWriter<Uint8Array>,
    answers: ReadableStreamDefaultReader<string>,
    { detail, parameters }: z.infer<typeof introduction>,
  ) {
    this.#process = process;
    this.#requests = requests;
    this.#answers = answers;
    this.parameters = parameters;
    this.detail = detail;
  }

  /** Starts the program and waits until its model is built; returns the reason if that fails. */
  static async start(
    { command: [path, ...args], env }: TwinCommand,
  ): Promise<TwinSession | string> {
    const process = new Deno.Command(path, {
      args,
      clearEnv: true,
      env,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const answers = process.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    try {
      const facts = introduction.parse(await nextLine(answers));
      return new TwinSession(process, process.stdin.getWriter(), answers, facts);
    } catch (error) {
      await Promise.all([process.stdin.close(), answers.cancel(), process.status]);
      return messageOf(error);
    }
  }

  async run(steps: number): Promise<Sample> {
    await this.#requests.write(new TextEncoder().encode(`${steps}\n`)).catch(() => {}); // it has ended
    this.#isRunning = true;
    const line = await nextLine(this.#answers);
    this.#isRunning = false;
    return answer.parse(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isRunning) this.#process.kill("SIGKILL"); // nobody waits for its steps
    await this.#requests.close().catch(() => {}); // it has ended by itself
    await this.#answers.cancel();
    await this.#process.status;
  }
}

async function nextLine(lines: ReadableStreamDefaultReader<string>): Promise<unknown> {
  const { value } = await lines.read();
  if (value === undefined) throw new Error("its program has ended");
  const record = JSON.parse(value);
  const { data } = refusal.safeParse(record);
  if (data !== undefined) throw new Error(data.cannot);
  return record;
}
