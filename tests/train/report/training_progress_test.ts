import { assertEquals } from "@std/assert";
import { fittingLine } from "@transformer-xl/runtime";
import type { TrainEvent } from "@transformer-xl/train";
import { TrainingProgress } from "@transformer-xl/train/report";
import { logRecord } from "./run_logs.ts";

Deno.test("the progress of training has steps, share, loss, speed and time left, as they fit", () => {
  let nowMs = 0;
  const progress = new TrainingProgress({ firstStep: 500, maxStep: 1000 }, () => nowMs);
  const line = (columns: number) => fittingLine(progress.parts, columns);
  assertEquals(line(200), "step 500 / 1000 | [############............] | 50.0%");
  nowMs = 60_000;
  assertEquals(progress.follow({ kind: "progress", step: 600 }), true);
  assertEquals(line(40), "step 600 / 1000 | 60.0% | 0:04:00 left");
  const { metrics } = logRecord(600, 4.2149);
  const log = { kind: "log", step: 600, metrics, tokensPerSecond: 16_170.4 } as TrainEvent;
  assertEquals(progress.follow(log), true);
  assertEquals(
    line(100),
    "step 600 / 1000 | [##############..........] | 60.0% | loss 4.21 | 16,170 tok/s | 0:04:00 left",
  );
  assertEquals(line(70), "step 600 / 1000 | 60.0% | loss 4.21 | 16,170 tok/s | 0:04:00 left");
  assertEquals(line(60), "step 600 / 1000 | loss 4.21 | 16,170 tok/s | 0:04:00 left");
  assertEquals(line(50), "step 600 / 1000 | loss 4.21 | 0:04:00 left");
  assertEquals(line(30), "step 600 / 1000 | loss 4.21");
  assertEquals(line(20), "step 600 / 1000");
  assertEquals(progress.follow({ kind: "interrupted", step: 600 }), false);
});
