/**
 * Temporarily full disks: a failed save does not end the run.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  CheckpointError,
  GroupError,
  JsonLog,
  type ProcessGroup,
  ReferenceDevice,
  SoloGroup,
  TextLog,
} from "@transformer-xl/runtime";
import {
  CheckpointFiles,
  modelOf,
  Reporter,
  type TrainConfig,
  Trainer,
  type TrainEvent,
} from "@transformer-xl/train";
import { nth, withFullDisk } from "../../support/processes/full_disk.ts";
import { memoryGroups } from "../../support/processes/memory_group.ts";
import { contentOf, Scratch, smallConfig, smallCorpus } from "../../support/small_run.ts";

const SETTINGS = { maxStep: 24, evalInterval: 6, logInterval: 100, noTest: true } as const;

/** What the processes of a run tell, or why they end. */
async function trained(
  config: TrainConfig,
  workDir: string,
  size: number,
): Promise<PromiseSettledResult<TrainEvent[]>[]> {
  await Deno.mkdir(workDir);
  const corpus = await smallCorpus();
  const member = async (group: ProcessGroup) => {
    using device = new ReferenceDevice({ precision: "f32" });
    const modelConfig = modelOf(config, corpus.vocabulary.size, []);
    using trainer = await Trainer.create(device, config, modelConfig, corpus, undefined, group);
    const files = new CheckpointFiles(workDir, { saveAll: false });
    const events: TrainEvent[] = [];
    for await (const event of trainer.train(new AbortController().signal, files)) {
      if (event.kind !== "progress") events.push(event);
    }
    return events;
  };
  const groups = size === 1 ? [new SoloGroup()] : memoryGroups(size);
  return await Promise.allSettled(groups.map(member));
}

function told(ended: readonly PromiseSettledResult<TrainEvent[]>[]): string[][] {
  return ended.map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value.map(({ kind, step }) => `${kind} ${step}`);
  });
}

for (const size of [1, 2]) {
  Deno.test(`a run of ${size} goes on after a save that failed, and its end is bit-equal`, async () => {
    await using scratch = new Scratch();
    const config = smallConfig(SETTINGS);
    const whole = told(await trained(config, scratch.at("whole"), size));
    for (const failing of [1, 12]) { // before the first tensor, and between two memories
      const workDir = scratch.at(`failing${failing}`);
      const ended = await withFullDisk(nth(failing), () => trained(config, workDir, size));
      for (const [rank, events] of told(ended).entries()) {
        assertEquals(events, whole[rank]!.map((line) => line.replace("checkpoint 6", "unsaved 6")));
      }
      for (const name of ["last", "best"]) {
        const path = (folder: string) => `${folder}/checkpoint_${name}.safetensors`;
        assertEquals(await contentOf(path(workDir)), await contentOf(path(scratch.at("whole"))));
      }
      assertEquals([...Deno.readDirSync(workDir)].length, 2, "no half file is left");
    }
  });

  Deno.test(`a run of ${size} ends when its last state cannot be saved`, async () => {
    await using scratch = new Scratch();
    const config = smallConfig({ ...SETTINGS, maxStep: 6 });
    const [first, ...others] = await withFullDisk(
      () => true,
      () => trained(config, scratch.at("run"), size),
    );
    const reason = first?.status === "rejected" ? first.reason : undefined;
    assert(reason instanceof CheckpointError);
    assertStringIncludes(reason.message, "No space left on device");
    for (const other of others) {
      assert(other.status === "rejected" && other.reason instanceof GroupError);
    }
  });
}

Deno.test("the best state on disk is the best of those that were saved", async () => {
  await using scratch = new Scratch();
  // Nothing is learnt, so the first evaluation stays the best.
  const config = smallConfig({ ...SETTINGS, lr: 0, etaMin: 0, maxStep: 12 });
  const workDir = scratch.at("run");
  const [ended] = await withFullDisk(nth(1), () => trained(config, workDir, 1));
  assertEquals(told([ended!]), [["eval 6", "unsaved 6", "eval 12", "checkpoint 12"]]);
  const best = await contentOf(`${workDir}/checkpoint_best.safetensors`);
  assertEquals(best, await contentOf(`${workDir}/checkpoint_last.safetensors`));
});

Deno.test("a failed save is a warning and a record", async () => {
  await using scratch = new Scratch();
  {
    using text = new TextLog({ path: scratch.at("log"), console: false });
    using json = new JsonLog(scratch.at("jsonl"));
    new Reporter(text, json, { characters: false })
      .report({ kind: "unsaved", step: 6, reason: "Cannot write checkpoint" });
  }
  assertStringIncludes(
    await Deno.readTextFile(scratch.at("log")),
    "WARNING - Cannot write checkpoint; the run goes on and saves again after the next interval",
  );
  assertEquals(JSON.parse(await Deno.readTextFile(scratch.at("jsonl"))), {
    kind: "unsaved",
    step: 6,
    reason: "Cannot write checkpoint",
  });
});
