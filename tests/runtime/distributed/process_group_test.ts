import { REMEDIES } from "@transformer-xl/model";
import {
  ConfigError,
  GroupError,
  openGroup,
  type OpenGroupOptions,
  type ProcessGroup,
  type RankEnvironment,
  remedySentence,
  SoloGroup,
} from "@transformer-xl/runtime";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { call, greeting } from "../../fuzz/fuzz_strangers.ts";
import { checkCollectives } from "../../support/processes/group_rank.ts";

type Options = Partial<OpenGroupOptions>;

function placeOf(
  rank: number,
  size: number,
  where: Partial<RankEnvironment> = {},
): RankEnvironment {
  return {
    rank,
    size,
    localRank: rank,
    localSize: size,
    masterAddr: undefined,
    masterPort: undefined,
    launchedBy: "own",
    ringDir: undefined,
    ...where,
  };
}

function ranks(size: number): number[] {
  return Array.from({ length: size }, (_, rank) => rank);
}

/** Runs `body` on every process of a ring; each has its engine in a thread of its own. */
async function inRing(
  size: number,
  body: (group: ProcessGroup) => Promise<void>,
  options: Options = {},
): Promise<void> {
  const ringDir = await Deno.makeTempDir();
  const opened = await Promise.allSettled(
    ranks(size).map((rank) =>
      openGroup({ environment: placeOf(rank, size, { ringDir }), ...options })
    ),
  );
  const groups = opened.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  try {
    for (const one of opened) if (one.status === "rejected") throw one.reason;
    await Promise.all(groups.map(body));
  } finally {
    await Promise.all(groups.map((group) => group[Symbol.asyncDispose]()));
    await Deno.remove(ringDir); // refuses when anything was left in it
  }
}

/** The error with which a promise is rejected. */
function rejection(promise: Promise<unknown>): Promise<GroupError> {
  return assertRejects(() => promise, GroupError);
}

for (const size of [1, 2, 3, 5]) {
  Deno.test(`a ring of ${size} sums in the documented order and leaves no file`, async () => {
    await inRing(size, async (group) => {
      assertEquals([group.size, group.backend], [size, size === 1 ? "solo" : "ring"]);
      assertEquals(await checkCollectives(group), []);
    });
  });
}

Deno.test("a ring over TCP gives the same", async () => {
  await inRing(3, async (group) => {
    assertEquals(await checkCollectives(group), []);
  }, { transport: "tcp" });
});

Deno.test("a barrier holds until the last process has come", async () => {
  let last = false;
  await inRing(3, async (group) => {
    if (group.rank === 1) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      last = true;
    }
    await group.barrier();
    assert(last, `process ${group.rank} passed before process 1 came`);
  });
});

Deno.test("processes in different operations report both operations", async () => {
  await inRing(2, async (group) => {
    await group.barrier();
    const call = group.rank === 0
      ? group.allReduceMean(new Float32Array(4))
      : group.broadcast(new Uint8Array(9));
    const { message, lostRank } = await rejection(call);
    assertEquals(lostRank, undefined);
    for (const part of ["all-reduce of 16 bytes", "broadcast of 9 bytes", "same order"]) {
      assertStringIncludes(message, part);
    }
  });
});

Deno.test("processes that reduce different lengths report both", async () => {
  await inRing(2, async (group) => {
    const { message } = await rejection(group.allReduceMean(new Float32Array(group.rank + 1)));
    assertStringIncludes(message, "all-reduce of 4 bytes");
    assertStringIncludes(message, "all-reduce of 8 bytes");
  });
});

Deno.test("an operation that others do not join ends in time, and fails all that follow", async () => {
  await inRing(2, async (group) => {
    if (group.rank === 1) return;
    const calls = [group.barrier(), group.barrier()].map(rejection);
    const [first, second] = await Promise.all(calls);
    assertStringIncludes(first!.message, "process 1 did not send its part within 150 ms");
    assertEquals(second, first);
    assertEquals(await rejection(group.allGather(new Uint8Array(1))), first);
  }, { timeoutMs: 150 });
});

Deno.test("a process that leaves in order is missed only by operations that need it", async () => {
  await inRing(3, async (group) => {
    await group.barrier();
    if (group.rank === 1) return await group[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { lostRank } = await rejection(group.barrier());
    assert(lostRank !== undefined);
  });
});

Deno.test("the time limit of the rendezvous names the missing processes", async () => {
  const ringDir = await Deno.makeTempDir();
  const errors = await Promise.all([0, 1].map((rank) =>
    rejection(
      openGroup({ environment: placeOf(rank, 4, { ringDir }), startTimeoutMs: 800 }),
    )
  ));
  for (const { message } of errors) {
    assertStringIncludes(message, "processes 2, 3 did not arrive within");
  }
  await Deno.remove(ringDir);
});

Deno.test("a directory that is not there is named", async () => {
  const environment = placeOf(0, 2, { ringDir: "/nowhere/at/all" });
  const { message } = await rejection(openGroup({ environment }));
  assertStringIncludes(message, '"/nowhere/at/all"');
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function torchrun(rank: number, size: number, masterPort: number): RankEnvironment {
  return placeOf(rank, size, { launchedBy: "torchrun", masterAddr: "127.0.0.1", masterPort });
}

Deno.test("processes started by torchrun connect at its port", async () => {
  const port = freePort();
  const groups = await Promise.all(
    ranks(3).map((rank) => openGroup({ environment: torchrun(rank, 3, port) })),
  );
  const wrong = await Promise.all(groups.map(checkCollectives));
  await Promise.all(groups.map((group) => group[Symbol.asyncDispose]()));
  assertEquals(wrong, [[], [], []]);
});

Deno.test("at torchrun's port the missing processes are named to all that came", async () => {
  const port = freePort();
  const errors = await Promise.all(
    [0, 2].map((rank) =>
      rejection(openGroup({ environment: torchrun(rank, 4, port), startTimeoutMs: 600 }))
    ),
  );
  for (const { message } of errors) {
    assertStringIncludes(message, "processes 1, 3 did not arrive within 600 ms");
  }
});

Deno.test("a port in use, a duplicate rank and another machine are distinct errors", async () => {
  const guest = async (fields: Readonly<Record<string, unknown>>) => {
    const port = freePort();
    const answer = rejection(openGroup({ environment: torchrun(0, 2, port) }));
    const conn = await call(port);
    await conn.write(new TextEncoder().encode(greeting(fields)));
    const told = JSON.parse(await new Response(conn.readable).text()).error;
    const error = await answer;
    assertEquals(told, error.message);
    return remedySentence(error, REMEDIES);
  };
  assertStringIncludes(
    await guest({ rank: 0 }),
    "another process has rank 0, taken or out of range",
  );
  const elsewhere = await guest({ machine: "elsewhere" });
  assertStringIncludes(elsewhere, '"elsewhere"');
  assertStringIncludes(elsewhere, "--backend mpi");
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const options = { environment: torchrun(0, 2, port), startTimeoutMs: 200 };
  const { message } = await rejection(openGroup(options));
  assertStringIncludes(message, `port ${port} of "127.0.0.1" is in use`);
});

Deno.test("a ring without an address names the missing variable", async () => {
  const environment = placeOf(0, 2, { launchedBy: "torchrun", masterAddr: "127.0.0.1" });
  const { message } = await rejection(openGroup({ environment }));
  assertStringIncludes(message, "MASTER_PORT is not set");
});

Deno.test("MPI is refused to a process that nothing started as part of a job", async () => {
  await assertRejects(
    () => openGroup({ environment: placeOf(0, 1, { launchedBy: "none" }), backend: "mpi" }),
    ConfigError,
    "mpirun or srun",
  );
  assert(await openGroup({ environment: placeOf(0, 1) }) instanceof SoloGroup);
});

interface EndedRank {
  readonly code: number;
  readonly output: string;
}

function spawnRank(rank: number, size: number, task: readonly string[], env: Variables) {
  const script = new URL("../../support/processes/group_rank.ts", import.meta.url).href;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", script, ...task],
    env: { RANK: `${rank}`, WORLD_SIZE: `${size}`, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

type Variables = Readonly<Record<string, string>>;

async function endOf(child: Deno.ChildProcess): Promise<EndedRank> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Real processes, with the variables of the own launcher. */
async function runRanks(size: number, task: string): Promise<EndedRank[]> {
  const ringDir = await Deno.makeTempDir();
  const ended = await Promise.all(
    ranks(size).map((rank) => endOf(spawnRank(rank, size, [task], { TXL_RING_DIR: ringDir }))),
  );
  await Deno.remove(ringDir, { recursive: true });
  return ended;
}

/** Real processes, with the variables of a launcher such as torchrun. */
function spawnTorchrun(size: number, ...task: readonly string[]): Deno.ChildProcess[] {
  const MASTER_PORT = `${freePort()}`;
  return ranks(size).map((rank) =>
    spawnRank(rank, size, task, { MASTER_ADDR: "127.0.0.1", MASTER_PORT, LOCAL_RANK: `${rank}` })
  );
}

Deno.test("the other processes notice a killed one within a second, and end", async () => {
  const [first, killed, ...others] = await runRanks(5, "lose");
  assertEquals(killed!.code, 137);
  for (const survivor of [first!, ...others]) {
    const { result } = JSON.parse(survivor.output);
    assertEquals([survivor.code, result.lostRank], [0, 1], survivor.output);
    assertStringIncludes(result.message, "process 1 has ended");
    assert(result.elapsedMs < 1000, survivor.output);
  }
});

Deno.test("abort ends its process with the code, and a ring with it", async () => {
  const [other, aborted] = await runRanks(2, "abort");
  assertEquals(aborted!.code, 7);
  assertEquals(other!.code, 2);
  assertStringIncludes(other!.output, "process 1 has ended");
});

Deno.test({
  name: "a process of another launcher that is stopped is named by all others within the silence",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const [first, stopped, last] = spawnTorchrun(3, "stop", "1500");
    const startMs = performance.now();
    try {
      for (const { code, output } of await Promise.all([first!, last!].map(endOf))) {
        assertEquals(code, 2, output);
        assert(/process 1 (sent no heartbeat for|has ended)/.test(output), output);
      }
      assert(performance.now() - startMs < 15_000);
    } finally {
      stopped!.kill("SIGKILL");
      await endOf(stopped!);
    }
  },
});

Deno.test("a process of another launcher that computes for longer than the silence is left alone", async () => {
  for (const { code, output } of await Promise.all(spawnTorchrun(2, "busy", "1500").map(endOf))) {
    assertEquals([code, JSON.parse(output).result], [0, "came"], output);
  }
});
