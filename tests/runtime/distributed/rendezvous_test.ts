/**
 * Admission of processes to a rendezvous, and the answer to those that are refused.
 *
 * @module
 */
import {
  ConfigError,
  GroupError,
  jobIdentity,
  openGroup,
  type ProcessGroup,
  type RankEnvironment,
} from "@transformer-xl/runtime";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { call, fuzzStrangers, greeting } from "../../fuzz/fuzz_strangers.ts";
import { Scratch } from "../../support/small_run.ts";

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function open(
  rank: number,
  masterPort: number,
  settings: Readonly<Record<string, string>> = {},
  size = 2,
): Promise<ProcessGroup> {
  const environment: RankEnvironment = {
    rank,
    size,
    localRank: rank,
    localSize: size,
    masterAddr: "127.0.0.1",
    masterPort,
    launchedBy: "torchrun",
    ringDir: undefined,
  };
  return openGroup({ environment, settings, startTimeoutMs: 15_000 });
}

async function close(groups: readonly ProcessGroup[]): Promise<void> {
  await Promise.all(groups.map((group) => group[Symbol.asyncDispose]()));
}

Deno.test("unknown callers at the port are dropped, and the job continues", async () => {
  await fuzzStrangers({ count: 200, seed: 1 });
});

Deno.test("more silent callers than are listened to do not keep a process out", async () => {
  const port = freePort();
  const first = open(0, port);
  const held: Deno.TcpConn[] = [];
  for (let i = 0; i < 150; i++) held.push(await call(port));
  await close(await Promise.all([first, open(1, port)]));
  for (const conn of held) conn.close();
});

Deno.test("two jobs at one port sort themselves out", async () => {
  const port = freePort();
  const a = { "--lr": "0.01" };
  const b = { "--lr": "0.02" };
  const a0 = open(0, port, a);
  await (await call(port)).close();
  const b1 = open(1, port, b);
  const b0 = open(0, port, b);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const jobs = await Promise.all([a0, open(1, port, a), b0, b1]);
  const sums = await Promise.all(
    jobs.map((group, i) => group.allReduceMean(Float32Array.of(i < 2 ? 1 : 5))),
  );
  assertEquals(sums.map(([mean]) => mean), [1, 1, 5, 5]);
  await close(jobs);
});

Deno.test("only processes with other settings receive the differences", async () => {
  const port = freePort();
  const errors = await Promise.all([
    assertRejects(() => open(0, port, { "--lr": "0.01" }), GroupError),
    assertRejects(() => open(1, port, { "--lr": "0.5" }), GroupError),
  ]);
  for (const { message } of errors) {
    assertStringIncludes(message, '--lr is "0.01" on process 0 and "0.5" on process 1');
    assertStringIncludes(message, "TXL_JOB_TOKEN");
  }
});

Deno.test("a process of a job with another number of processes receives both numbers", async () => {
  const port = freePort();
  const first = assertRejects(() => open(0, port), GroupError);
  const conn = await call(port);
  await conn.write(new TextEncoder().encode(greeting({ size: 3 })));
  const told = await new Response(conn.readable).text();
  assertStringIncludes((await first).message, 'WORLD_SIZE is "2" on process 0 and "3"');
  assertStringIncludes(told, "WORLD_SIZE");
});

Deno.test("the token is the secret of a job, else its number, else made of its settings", async () => {
  await using scratch = new Scratch();
  const file = await scratch.text("secret", "s1\n");
  const token = (variables: Readonly<Record<string, string>>, lr = "1") =>
    jobIdentity({ "--lr": lr }, (name) => variables[name]);
  const secret = token({ TXL_JOB_TOKEN: "s1", SLURM_JOB_ID: "7" });
  assertEquals(secret.isDigest, false);
  assert(!secret.token.includes("s1"));
  assertEquals(token({ TXL_JOB_TOKEN: "s1" }, "2").token, secret.token);
  assertEquals(token({ TXL_JOB_TOKEN_FILE: file }).token, secret.token);
  const number = token({ SLURM_JOB_ID: "7", TORCHELASTIC_RUN_ID: "none" });
  assertEquals([number.isDigest, token({ SLURM_JOB_ID: "8" }).token === number.token], [
    false,
    false,
  ]);
  assertEquals(token({}).isDigest, true);
  assertEquals(token({}).token === token({}, "2").token, false);
  assertThrows(() => token({ TXL_JOB_TOKEN: " " }), ConfigError, "TXL_JOB_TOKEN is empty");
  const missing = { TXL_JOB_TOKEN_FILE: scratch.at("nowhere") };
  assertThrows(() => token(missing), ConfigError, "nowhere");
  const folder = { TXL_JOB_TOKEN_FILE: scratch.path };
  assertThrows(() => token(folder), ConfigError, "it is not a file");
});
