/**
 * Agreement of processes before the first step: settings, text, checkpoint.
 *
 * @module
 */
import { openCheckpoint, openShared, sharedSettings } from "@transformer-xl/model";
import {
  allSucceed,
  assertSameFacts,
  CheckpointError,
  ConfigError,
  decideOnFirst,
  encodeSafetensors,
  firstThenOthers,
  GroupError,
  type ProcessGroup,
} from "@transformer-xl/runtime";
import { train } from "@transformer-xl/train/cli";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { memoryGroups } from "../../support/processes/memory_group.ts";
import { type Ended, type Flags, runProgram, words } from "../../support/program.ts";
import { Scratch, SMALL, smallConfig, wordText } from "../../support/small_run.ts";

function inGroups<T>(
  size: number,
  work: (group: ProcessGroup) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  return Promise.allSettled(memoryGroups(size).map(work));
}

/** The error of every process. */
async function errorsOf(size: number, work: (group: ProcessGroup) => Promise<unknown>) {
  return (await inGroups(size, work)).map((one) => {
    assert(one.status === "rejected");
    return one.reason as Error;
  });
}

Deno.test("a fact that differs ends every process with its name, both values and both ranks", async () => {
  const errors = await errorsOf(
    3,
    (group) => assertSameFacts(group, { "--seed": "1", "--lr": group.rank === 2 ? "0.5" : "0.01" }),
  );
  for (const error of errors) {
    assert(error instanceof ConfigError);
    assertEquals(
      error.message,
      'Cannot work as one job: --lr is "0.01" on process 0 and "0.5" on process 2; ' +
        "give every process the same",
    );
  }
});

Deno.test("a fact that only one process knows is a difference, and is shown without controls", async () => {
  const [error] = await errorsOf(
    2,
    (group) =>
      assertSameFacts(group, group.rank === 0 ? {} : { "--new": `a\x1b[2J${"b".repeat(500)}` }),
  );
  assertStringIncludes(error!.message, "--new is not known on process 0");
  assertStringIncludes(error!.message, '"a\\u001b[2Jbbb');
  assert(error!.message.length < 400);
});

Deno.test("processes share how long a silence may last, and not where they write", () => {
  const { "--heartbeat_s": silence, "--work_dir": folder } = sharedSettings(smallConfig());
  assertEquals([silence, folder], ["300", undefined]);
});

Deno.test("the first process decides, and its error is that of all", async () => {
  const decided = await inGroups(3, (group) =>
    decideOnFirst(group, () => {
      assertEquals(group.rank, 0);
      return Promise.resolve({ best: true });
    }));
  assertEquals(
    decided.map((one) => one.status === "fulfilled" && one.value),
    Array(3).fill({ best: true }),
  );
  const errors = await errorsOf(
    2,
    (group) =>
      decideOnFirst(
        group,
        () => Promise.reject(new CheckpointError("Cannot read it: a test", { need: "a new run" })),
      ),
  );
  assert(errors[0] instanceof CheckpointError);
  assert(errors[1] instanceof GroupError);
  assertEquals([errors[1].message, errors[1].lostRank], ["Cannot read it: a test", 0]);
  assertEquals(errors.map((error) => (error as GroupError).need), ["a new run", "a new run"]);
});

Deno.test("work that fails on one process fails on all, which name it", async () => {
  const work = ({ rank }: ProcessGroup) =>
    rank === 1
      ? Promise.reject(new ConfigError("Cannot see it", { need: "a text" }))
      : Promise.resolve(rank);
  for (const together of [allSucceed, firstThenOthers]) {
    const errors = await errorsOf(3, (group) => together(group, () => work(group)));
    assertEquals(errors.map(({ message }) => message), [
      "Cannot continue without process 1: Cannot see it",
      "Cannot see it",
      "Cannot continue without process 1: Cannot see it",
    ]);
    assertEquals(errors.map((error) => (error as GroupError).need), Array(3).fill("a text"));
  }
});

Deno.test("processes without the checkpoint receive it", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const run = { ...SMALL, data, device: "cpu", max_step: 8, no_eval: true, no_test: true } as const;
  assertEquals(await train(words({ ...run, work_dir: scratch.at("run") })), 0);
  const path = scratch.at("run/checkpoint_last.safetensors");
  const other = scratch.at("other.safetensors");
  await Deno.writeFile(other, encodeBytes());
  const places = [path, scratch.at("nowhere"), other];
  const all = await inGroups(3, async (group) => {
    using shared = await openShared(group, () => openCheckpoint(places[group.rank]!));
    const { checkpoint, digest } = shared;
    const tensor = await checkpoint!.file.bytes("vocabulary");
    return { path: checkpoint!.path, digest, size: tensor.length };
  });
  const values = all.map((one) => one.status === "fulfilled" ? one.value : one.reason);
  assertEquals(values[0].path, path);
  assertEquals([values[1], values[2]], [values[0], values[0]]);
});

/** A file of tensors that is no checkpoint. */
function encodeBytes(): Uint8Array<ArrayBuffer> {
  const values = Float32Array.of(1);
  const pieces = [...encodeSafetensors([{ name: "x", dtype: "F32", shape: [1], values }])];
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A job of two processes under a launcher such as torchrun, with temporary files in `scratch`. */
function twoRanks(
  name: "train" | "eval",
  flags: readonly [Flags, Flags],
  scratch: Scratch,
): Promise<readonly Ended[]> {
  const port = freePort();
  return Promise.all(flags.map((own, rank) =>
    runProgram(name, own, {
      RANK: String(rank),
      LOCAL_RANK: String(rank),
      WORLD_SIZE: "2",
      LOCAL_WORLD_SIZE: "2",
      MASTER_ADDR: "127.0.0.1",
      MASTER_PORT: String(port),
      TMPDIR: scratch.path,
    })
  ));
}

const RUN = { ...SMALL, device: "cpu", max_step: 8, eval_interval: 4, log_interval: 4 } as const;

Deno.test("two processes with different flags, or texts, end with 2 and one line before a step", async () => {
  await using scratch = new Scratch();
  const [data, other] = await Promise.all(
    [["ours", 2], ["other", 3]].map(async ([folder, seed]) => {
      await Deno.mkdir(scratch.at(`${folder}`));
      await scratch.text(`${folder}/train.txt`, wordText(60));
      await scratch.text(`${folder}/valid.txt`, wordText(20, Number(seed)));
      await scratch.text(`${folder}/test.txt`, wordText(20));
      return scratch.at(`${folder}`);
    }),
  );
  const flags = { ...RUN, data: data!, work_dir: scratch.at("run") };
  const cases = [
    [{ lr: 0.5 }, '--lr is "0.01" on process 0 and "0.5" on process 1'],
    [{ data: other! }, 'text valid is "180 tokens of '],
  ] as const;
  for (const [change, wanted] of cases) {
    for (
      const { code, stderr } of await twoRanks("train", [flags, { ...flags, ...change }], scratch)
    ) {
      assertEquals([code, stderr.trim().split("\n").length], [2, 1], stderr);
      assertStringIncludes(stderr, wanted);
      assertStringIncludes(stderr, "on process 1");
    }
  }
  await assertRejects(
    () => Deno.stat(scratch.at("run/checkpoint_last.safetensors")),
    Deno.errors.NotFound,
  );
});

Deno.test("processes with folders of their own train, continue and evaluate as the first one says", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const first = { ...RUN, data, work_dir: scratch.at("a") };
  const second = { ...RUN, data, work_dir: scratch.at("b") };
  for (const more of [{}, { restart: true, max_step: 12 }] as const) {
    const ended = await twoRanks("train", [{ ...first, ...more }, { ...second, ...more }], scratch);
    for (const { code, stderr } of ended) assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(ended[0]!.stdout, "End of training");
  }
  const scored = { device: "cpu", data, batch_size: 2, tgt_len: 8, mem_len: 8 } as const;
  const ended = await twoRanks("eval", [
    { ...scored, work_dir: scratch.at("a") },
    { ...scored, work_dir: scratch.at("b") },
  ], scratch);
  for (const { code, stderr } of ended) assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(ended[0]!.stdout, "test loss");
  const left = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  assertEquals(left(scratch.at("b")), ["cache"]);
  assertEquals(left(scratch.path), ["a", "b", "text.txt"], "nothing of the received checkpoint");
});
