/**
 * A long run with frequent evaluations and saves: `deno run -A bench/soak/main.ts [flags]`. It
 * samples memory and open handles of the training program, which must not grow. Linux only.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";
import { ConfigError, webGpuValue } from "@transformer-xl/runtime";
import { z } from "zod";
import { runBenchProgram } from "../harness/bench_program.ts";

const general = { group: "General" } as const;

const soakSchema = z.strictObject({
  seconds: z.number().positive().default(800).describe("Length of the run").meta(general),
  every: z.number().positive().default(20).describe("Seconds between samples").meta(general),
  interval: z.int().positive().default(50)
    .describe("Steps between evaluations, each with a checkpoint").meta(general),
  device: z.enum(["auto", "gpu", "cpu"]).default("auto").describe("As of training").meta(general),
  webgpu: webGpuValue.meta(general), // inherited by the program
});

/** One look at the program. */
interface Sample {
  readonly seconds: number;
  readonly step: number;
  readonly residentMiB: number;
  readonly handles: number;
}

if (import.meta.main) await runBenchProgram("bench/soak/main.ts", soakSchema, soakInFolder);

/** A run in a temporary folder. */
async function soakInFolder(config: z.infer<typeof soakSchema>): Promise<number> {
  if (Deno.build.os !== "linux") {
    throw new ConfigError(`Cannot soak on ${Deno.build.os}: memory is read from /proc; use Linux`);
  }
  const workDir = await Deno.makeTempDir({ prefix: "soak-" });
  try {
    return report(await soak(config, workDir));
  } finally {
    await Deno.remove(workDir, { recursive: true });
  }
}

/** Trains for the time given, and samples. */
async function soak(
  { seconds, every, interval, device }: z.infer<typeof soakSchema>,
  workDir: string,
): Promise<readonly Sample[]> {
  const program = new URL("../../train/cli.ts", import.meta.url).href;
  const flags = {
    preset: "tiny",
    device,
    work_dir: `${workDir}/run`,
    max_step: 1_000_000,
    log_interval: interval,
    eval_interval: interval,
    eval_max_steps: 20,
    d_head: 16,
    d_model: 32,
    d_inner: 64,
  };
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      program,
      ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let step = 0;
  const reading = (async () => {
    const lines = child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) step = Number(/ step +(\d+) \|/.exec(line)?.[1] ?? step);
  })();
  let running = true;
  const ended = child.status.finally(() => running = false);
  const samples: Sample[] = [];
  const startMs = performance.now();
  const elapsed = () => (performance.now() - startMs) / 1000;
  console.log("seconds    step    resident    handles");
  while (running && elapsed() < seconds) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise<void>((resolve) => timer = setTimeout(resolve, 1000 * every));
    await Promise.race([pause, ended]);
    clearTimeout(timer);
    if (!running) break;
    const sample = { seconds: elapsed(), step, ...lookAt(child.pid) };
    samples.push(sample);
    console.log(
      `${sample.seconds.toFixed(0).padStart(7)} ${`${step}`.padStart(7)} ` +
        `${sample.residentMiB.toFixed(1).padStart(7)} MiB ${`${sample.handles}`.padStart(10)}`,
    );
  }
  if (running) child.kill("SIGTERM");
  const { code } = await ended;
  await reading;
  console.log(`ended with exit code ${code}`);
  return samples;
}

/** Resident memory and open handles of a process. */
function lookAt(pid: number): Pick<Sample, "residentMiB" | "handles"> {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const residentKiB = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
  return {
    residentMiB: residentKiB / 1024,
    handles: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
  };
}

/** Compares the second quarter with the last one: caches are full by then. */
function report(samples: readonly Sample[]): number {
  const quarter = Math.floor(samples.length / 4);
  if (quarter === 0) {
    console.log("too few samples to compare: raise --seconds or lower --every");
    return 1;
  }
  const early = middle(samples.slice(quarter, 2 * quarter));
  const late = middle(samples.slice(-quarter));
  const [{ step }] = samples.slice(-1) as [Sample];
  console.log(
    `${step} steps: resident memory ${early.residentMiB.toFixed(1)} -> ` +
      `${late.residentMiB.toFixed(1)} MiB, handles ${early.handles} -> ${late.handles} ` +
      "(medians of the second and the last quarter)",
  );
  return late.handles > early.handles || late.residentMiB > 1.1 * early.residentMiB ? 1 : 0;
}

function middle(samples: readonly Sample[]): Pick<Sample, "residentMiB" | "handles"> {
  const median = (key: "residentMiB" | "handles") =>
    samples.map((sample) => sample[key]).sort((a, b) => a - b)[samples.length >> 1]!;
  return { residentMiB: median("residentMiB"), handles: median("handles") };
}
