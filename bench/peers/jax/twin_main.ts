/**
 * The model in jax-js, a peer in measurements: takes a workload as JSON and a device, prints a line of
 * JSON about itself, and for every number in standard input runs as many steps and prints a line.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import type { Workload } from "../peer.ts";
import type { Jax, JaxArray, Named } from "./jax_api.ts";
import { forwardOf, type SegmentArrays } from "./model.ts";
import { trainingStep, type TrainState } from "./training.ts";

if (import.meta.main) {
  const [specifier, workload, device] = Deno.args;
  globalThis.addEventListener("unhandledrejection", ({ reason }) => fail(reason));
  await answer(await import(specifier!), JSON.parse(workload!), device!).catch(fail);
  Deno.exit(0); // threads of the package would keep the process
}

async function answer(jax: Jax, workload: Workload, device: string): Promise<void> {
  if (!(await jax.init()).includes(device)) {
    return say({ cannot: `no ${device} in this Deno` });
  }
  jax.defaultDevice(device);
  const { numpy: np } = jax;
  const { model, lengths, task } = workload;
  const { tgtLen: T, batchSize: B, memLen: M } = lengths;
  const trains = task === "train";
  let parameters = await readWeights(jax, workload.files.weights);
  // The derivative of a gather is a scatter, whose shader Deno does not accept.
  const gathers = !trains || device !== "webgpu";
  const forward = forwardOf(jax, trains ? model : { ...model, dropout: 0 }, lengths, { gathers });
  const evaluate = jax.jit(forward);
  const train = trains ? trainingStep(jax, forward) : undefined;
  const zeros = () =>
    Object.fromEntries(
      Object.entries(parameters).map(([name, { shape }]) => [name, np.zeros(shape)]),
    );
  let state: TrainState | undefined = trains
    ? { parameters, means: zeros(), squares: zeros() }
    : undefined;
  let memories: readonly JaxArray[] = Array.from(
    { length: model.nLayer },
    () => np.zeros([M, B, model.dModel]),
  );
  const segments = await readSegments(jax, workload);
  const positions = sinusoids(jax, T + M, model.dModel);
  let ran = 0;

  const step = (): JaxArray => {
    const [ids, targets] = segments[ran % segments.length]!;
    const mask = maskOf(jax, T, M, Math.min(ran * T, M));
    const segment: SegmentArrays = {
      ...{ ids: ids.ref, targets: targets.ref, mask, positions: positions.ref, memories },
    };
    const key = jax.random.key(workload.seed + ran);
    ran++;
    if (train === undefined) {
      const [loss, next] = evaluate(jax.tree.ref(parameters), segment, key);
      memories = next;
      return loss;
    }
    const done = train(state!, segment, key);
    ({ memories, state } = done);
    ({ parameters } = done.state);
    return done.loss;
  };

  say({
    detail: `${Deno.args[0]!.replace("npm:", "")}, ${device}` +
      (model.cutoffs.length > 0 ? ", all clusters of every row" : "") +
      (gathers ? "" : ", embedding as a product"),
    parameters: Object.values(parameters).map(({ shape }) => shape.reduce((a, b) => a * b, 1))
      .reduce((a, b) => a + b),
  });
  for await (const line of createInterface({ input: process.stdin })) {
    const [startMs, before] = [performance.now(), process.cpuUsage()];
    let loss = NaN;
    for (let n = Number(line); n > 1; n--) step().dispose();
    [loss] = await step().data() as unknown as [number];
    const { user, system } = process.cpuUsage(before);
    say({ ms: performance.now() - startMs, cpuMs: (user + system) / 1000, loss });
  }
}

/** The float32 tensors of a safetensors file by name. */
async function readWeights({ numpy: np }: Jax, path: string): Promise<Named> {
  const bytes = await Deno.readFile(path);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }> = JSON
    .parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const tensors = Object.entries(header).filter(([, { dtype }]) => dtype === "F32");
  return Object.fromEntries(tensors.map(([name, { shape, data_offsets: [start, end] }]) => {
    const values = new Float32Array(bytes.slice(8 + length + start!, 8 + length + end!).buffer);
    return [name, np.array(values, { shape, dtype: np.float32 })];
  }));
}

/** Inputs and targets [T * B] of every segment. */
async function readSegments(
  { numpy: np }: Jax,
  { files, lengths: { tgtLen, batchSize } }: Workload,
): Promise<(readonly [JaxArray, JaxArray])[]> {
  const ids = new Int32Array((await Deno.readFile(files.ids)).buffer);
  const rows = tgtLen * batchSize;
  const part = (at: number) =>
    np.array(ids.slice(at, at + rows), { shape: [rows], dtype: np.int32 });
  return Array.from(
    { length: ids.length / rows / 2 },
    (_, n) => [part(2 * n * rows), part((2 * n + 1) * rows)] as const,
  );
}

/** 1 where a query may not look: at later keys, and at rows of memory without content. */
function maskOf({ numpy: np }: Jax, T: number, M: number, valid: number): JaxArray {
  const mask = Float32Array.from({ length: T * (T + M) }, (_, i) => {
    const [row, column] = [Math.floor(i / (T + M)), i % (T + M)];
    return column > M + row || column < M - valid ? 1 : 0;
  });
  return np.array(mask, { shape: [T, T + M], dtype: np.float32 });
}

/** Sines, then cosines, of distances from K - 1 to 0. */
function sinusoids({ numpy: np }: Jax, K: number, D: number): JaxArray {
  const values = Float32Array.from({ length: K * D }, (_, i) => {
    const [row, column] = [Math.floor(i / D), i % D];
    const angle = (K - 1 - row) / 10_000 ** (2 * (column % (D / 2)) / D);
    return column < D / 2 ? Math.sin(angle) : Math.cos(angle);
  });
  return np.array(values, { shape: [K, D], dtype: np.float32 });
}

function say(record: object): void {
  console.log(JSON.stringify(record));
}

/** Ends with a line about an error. */
function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  say({ cannot: message.trim().split("\n").slice(0, 3).join(" ") });
  Deno.exit(1);
}
