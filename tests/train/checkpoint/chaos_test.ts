/**
 * Jobs of three processes, one of which is killed at a random moment: every job ends at once, and
 * resumed runs equal an undisturbed run bit for bit.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Flags, Program, runProgram } from "../../support/program.ts";
import {
  assertRecord,
  contentOf,
  recordsOf,
  Scratch,
  seededRandom,
  SMALL,
  wordText,
} from "../../support/small_run.ts";

const KILLS = Number(Deno.env.get("TXL_CHAOS_KILLS") ?? 3);
const SIZE = 3;
const SEED = 7;

async function isRunning(pid: number): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => undefined);
  return stat !== undefined && !/\) [ZX]/.test(stat);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test({
  name: `jobs end and continue with equal digits after ${KILLS} kills at random moments`,
  ignore: Deno.build.os !== "linux", // finds the processes in /proc
  async fn() {
    await using scratch = new Scratch();
    await using sockets = new Scratch();
    const random = seededRandom(SEED);
    const flags: Flags = {
      ...SMALL,
      batch_size: 6,
      eval_batch_size: 3,
      device: "cpu",
      gpus: SIZE,
      data: await scratch.text("text.txt", wordText(200)),
      max_step: 400,
    };
    const whole = await runProgram("train", { ...flags, work_dir: scratch.at("whole") });
    assertEquals([whole.code, whole.stderr], [0, ""]);

    const workDir = scratch.at("killed");
    const continued: Flags = { ...flags, work_dir: workDir, restart: true };
    let kills = 0;
    let finished = false;
    while (kills < KILLS && !finished) {
      const program = new Program("train", continued, { TMPDIR: sockets.path });
      let ranks: number[] = [];
      for (let waitedMs = 0; ranks.length < SIZE && waitedMs < 10_000; waitedMs += 20) {
        await pause(20);
        ranks = await program.children();
      }
      assertEquals(ranks.length, SIZE, "every process has started");
      await pause(random() * 2000); // while they start, train, evaluate or save
      const victim = Math.floor(random() * SIZE);
      const others = ranks.filter((_, rank) => rank !== victim);
      if (!await isRunning(ranks[victim]!)) finished = true; // it was faster
      else Deno.kill(ranks[victim]!, "SIGKILL");
      const killedMs = performance.now();
      const { code, stderr } = await program.ended();
      if (finished) {
        assertEquals([code, stderr], [0, ""]);
        break;
      }
      const elapsedMs = performance.now() - killedMs;
      assert(elapsedMs < 3000, `the job ended after ${elapsedMs} ms`);
      assertMatch(stderr, /^error: process \d of 3 ended: killed by SIGKILL\n$/);
      assertEquals(code, 137);
      for (const pid of others) assert(!await isRunning(pid), `process ${pid} is left`);
      assertEquals([...Deno.readDirSync(sockets.path)], [], "no socket is left");
      kills++;
    }
    assert(kills > 0, "the first job ended before it could be killed");
    const last = await runProgram("train", continued);
    const done = last.stderr.includes("raise --max_step"); // the last run that was not killed
    assertEquals(last.code, done ? 2 : 0, last.stderr);
    const want = new Map(await recordsOf(scratch.at("whole")));
    const got = await recordsOf(workDir);
    for (const [key, record] of got) assertRecord(record, want.get(key), key);
    const told = new Set(got.map(([key]) => key));
    // Between a checkpoint's rename and its line in the log a kill loses the line, not the state.
    const lost = [...want.keys()].filter((key) => !told.has(key));
    assertEquals(lost.filter((key) => !/^(checkpoint|eval) /.test(key)), []);
    const name = "checkpoint_last.safetensors";
    assertEquals(
      await contentOf(`${workDir}/${name}`),
      await contentOf(scratch.at(`whole/${name}`)),
    );
    console.log(`${kills} kills`);
  },
});
