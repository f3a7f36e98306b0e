/**
 * One process of a group, for tests that need real processes: `group_rank.ts TASK [SILENCE_MS]`,
 * started with the variables of a launcher.
 *
 * @module
 */
import { GroupError, openGroup, type ProcessGroup, rankEnvironment } from "@transformer-xl/runtime";

/** Values of process `rank` whose sums depend on the order of the additions. */
function termOf(rank: number, length: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length },
    (_, i) => Math.sin(i + 1 + 7 * rank) * 10 ** ((rank + i) % 5),
  );
}

/**
 * The mean in the documented order: segment s of W, from floor(s n / W), is summed over the
 * processes s + 1, s + 2, ..., s in float32, then multiplied by 1 / W.
 */
function meanInOrder(terms: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const size = terms.length;
  const mean = new Float32Array(terms[0]!.length);
  for (let s = 0; s < size; s++) {
    const end = Math.floor((s + 1) * mean.length / size);
    for (let i = Math.floor(s * mean.length / size); i < end; i++) {
      let sum = terms[(s + 1) % size]![i]!;
      for (let k = 2; k <= size; k++) sum = Math.fround(sum + terms[(s + k) % size]![i]!);
      mean[i] = sum * (1 / size);
    }
  }
  return mean;
}

/** Lengths around the places where segments, reads and pieces end. */
const LENGTHS: readonly number[] = [0, 1, 2, 4, 1001, 1_000_000];

const wantedMeans = new Map<string, Float32Array>();

/** The mean of `length` values over `size` processes; those of one thread share the work. */
function wantedMean(size: number, length: number): Float32Array {
  const key = `${size} ${length}`;
  const known = wantedMeans.get(key);
  if (known !== undefined) return known;
  const mean = meanInOrder(Array.from({ length: size }, (_, rank) => termOf(rank, length)));
  wantedMeans.set(key, mean);
  return mean;
}

/** What every process can check by itself; returns what was wrong. */
export async function checkCollectives(group: ProcessGroup): Promise<string[]> {
  const { rank, size } = group;
  const ranks = Array.from({ length: size }, (_, other) => other);
  const wrong: string[] = [];
  const queued = LENGTHS.map((length) => group.allReduceMean(termOf(rank, length)));
  for (const [k, length] of LENGTHS.entries()) {
    const mean = await queued[k]!;
    const wanted = wantedMean(size, length);
    const same = mean.length === length && mean.every((value, i) => Object.is(value, wanted[i]));
    if (!same) wrong.push(`mean of ${length}`);
  }
  for (const root of ranks) {
    const sent = new Uint8Array(1_500_001).fill(rank === root ? root + 1 : 99);
    const got = await group.broadcast(sent, root);
    if (!got.every((byte) => byte === root + 1)) wrong.push(`broadcast from ${root}`);
  }
  const parts = await group.allGather(new Uint8Array(3 * rank).fill(rank));
  const gathers = parts.length === size &&
    parts.every((part, other) => part.length === 3 * other && part.every((byte) => byte === other));
  if (!gathers) wrong.push("gather");
  await group.barrier();
  return wrong;
}

/** How long a busy process does not come to the next operation. */
const BUSY_MS = 4000;

/** Tasks by name; each returns what to print. */
const TASKS: Readonly<Record<string, (group: ProcessGroup) => Promise<unknown>>> = {
  collectives: async (group) => ({ wrong: await checkCollectives(group), backend: group.backend }),
  lose: async (group) => {
    await group.barrier();
    if (group.rank === 1) Deno.kill(Deno.pid, "SIGKILL");
    const start = performance.now();
    const error = await group.barrier().then(() => undefined, (error) => error);
    const elapsedMs = performance.now() - start;
    return { message: error?.message, lostRank: error?.lostRank, elapsedMs };
  },
  stop: async (group) => {
    await group.barrier();
    if (group.rank === 1) Deno.kill(Deno.pid, "SIGSTOP");
    await group.allReduceMean(new Float32Array(100_000));
  },
  busy: async (group) => {
    await group.barrier();
    const endMs = performance.now() + BUSY_MS;
    while (group.rank === 1 && performance.now() < endMs);
    await group.barrier();
    return "came";
  },
  abort: async (group) => {
    await group.barrier();
    if (group.rank === 1) group.abort(7);
    await group.barrier();
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    return "was not ended";
  },
};

if (import.meta.main) {
  try {
    const [task = "", silence] = Deno.args;
    const environment = rankEnvironment();
    if (task === "absent" && environment.rank === 1) Deno.kill(Deno.pid, "SIGSTOP");
    await using group = await openGroup({
      environment,
      startTimeoutMs: task === "absent" ? 2000 : 30_000,
      ...(silence !== undefined && { silenceMs: Number(silence) }),
    });
    const result = await TASKS[task]!(group);
    console.log(JSON.stringify({ rank: group.rank, result }));
  } catch (error) {
    if (!(error instanceof GroupError)) throw error;
    console.log(JSON.stringify({ refused: error.message }));
    Deno.exit(2); // a thread that MPI blocks would keep the process
  }
}
