/**
 * PyTorch as a peer: a Python program runs the twin of the model and answers in lines of JSON.
 *
 * @module
 */
import { tryProgram } from "@transformer-xl/runtime/setup";
import { TextLineStream } from "@std/streams";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Peer, PeerSession, Sample, Workload } from "../peer.ts";

/** How the twin keeps memory rows: as hidden states, as the reference does, or as keys and values. */
export type TwinMemory = "hidden" | "keys";

/** Options of the peer. */
export interface PyTorchOptions {
  /** Python with PyTorch; the first of {@link PYTHONS} that has it when absent. */
  readonly python?: string | undefined;
  /** Default "hidden"; keys stay right in evaluation alone. */
  readonly memory?: TwinMemory;
  /** Value of `OPENBLAS_CORETYPE`: kernels of OpenBLAS; its own choice when absent. */
  readonly coreType?: string | undefined;
}

/** Where Python is looked for: a version manager may hide the one of the system's packages. */
export const PYTHONS = ["python3", "/usr/bin/python3"] as const;

/** Looks for PyTorch without loading it, which takes seconds. */
const HAS_TORCH = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";

const TWIN = fileURLToPath(new URL("twin.py", import.meta.url));

const introduction = z.object({
  version: z.string(),
  threads: z.number(),
  parameters: z.number(),
});

const answer = z.object({ ms: z.number(), cpuMs: z.number(), loss: z.number() });

/** PyTorch. */
export function pytorchPeer(options: PyTorchOptions = {}): Peer {
  const { memory = "hidden", coreType } = options;
  return {
    name: ["PyTorch", coreType, memory === "keys" ? "kept keys" : undefined].filter(Boolean)
      .join(", "),
    tasks: memory === "keys" ? ["eval"] : ["train", "eval"],
    async open(workload) {
      const candidates = options.python === undefined ? PYTHONS : [options.python];
      for (const python of candidates) {
        const { code } = await tryProgram([python, "-c", HAS_TORCH]);
        if (code === 0) return await TwinSession.start(python, workload, memory, coreType);
      }
      return `not installed, ${candidates.join(" and ")} cannot import torch`;
    },
  };
}

/** A process of the twin. */
class TwinSession implements PeerSession {
  readonly detail: string;
  readonly parameters: number;
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  private constructor(
    process: Deno.ChildProcess,
    requests: WritableStreamDefaultWriter<Uint8Array>,
    answers: ReadableStreamDefaultReader<string>,
    { version, threads, parameters }: z.infer<typeof introduction>,
    coreType: string | undefined,
  ) {
    this.#process = process;
    this.#requests = requests;
    this.#answers = answers;
    this.parameters = parameters;
    this.detail = `torch ${version}, ${threads} threads, OPENBLAS_CORETYPE ${coreType ?? "unset"}`;
  }

  /** Starts the twin and waits until its model is built. */
  static async start(
    python: string,
    workload: Workload,
    memory: TwinMemory,
    coreType: string | undefined,
  ): Promise<TwinSession> {
    const { OPENBLAS_CORETYPE: _, ...env } = Deno.env.toObject();
    const process = new Deno.Command(python, {
      args: ["-u", TWIN, JSON.stringify(workload), memory],
      clearEnv: true,
      env: { ...env, ...(coreType !== undefined && { OPENBLAS_CORETYPE: coreType }) },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const answers = process.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    const facts = introduction.parse(await nextLine(answers));
    return new TwinSession(process, process.stdin.getWriter(), answers, facts, coreType);
  }

  async run(steps: number): Promise<Sample> {
    await this.#requests.write(new TextEncoder().encode(`${steps}\n`));
    return answer.parse(await nextLine(this.#answers));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close().catch(() => {}); // it has ended by itself
    await this.#answers.cancel();
    await this.#process.status;
  }
}

async function nextLine(lines: ReadableStreamDefaultReader<string>): Promise<unknown> {
  const { value } = await lines.read();
  if (value === undefined) throw new Error("Cannot measure PyTorch: its program has ended");
  return JSON.parse(value);
}
