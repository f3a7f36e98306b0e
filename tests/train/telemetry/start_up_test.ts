import { assertEquals } from "@std/assert";
import { add, ReferenceDevice } from "@transformer-xl/runtime";
import { StartUp } from "@transformer-xl/train";

Deno.test("a start is told by phases, which add up to it, with the plans of each", () => {
  let now = 900;
  const startUp = new StartUp(() => now);
  now = 1000;
  startUp.begin("plans");
  startUp.addPlan({ label: "update", recordMs: 3.2, compileMs: 40 });
  now = 1150;
  startUp.begin("first step");
  now = 1200;
  assertEquals(startUp.isOver, false);
  startUp.end();
  now = 5000;
  startUp.end();
  startUp.addPlan({ label: "later", recordMs: 1, compileMs: 1 });
  assertEquals(startUp.isOver, true);
  assertEquals(startUp.lines, [
    "start-up = 1200 ms",
    "    - program : 900 ms",
    "    - settings : 100 ms",
    "    - plans : 150 ms",
    "        - update : recorded in 3 ms, compiled in 40 ms",
    "    - first step : 50 ms",
  ]);
});

Deno.test("a device tells the times of every plan", async () => {
  using device = new ReferenceDevice({ precision: "f32" });
  const labels: string[] = [];
  device.onPlan = ({ label, recordMs, compileMs }) => {
    if (recordMs > 0 && compileMs > 0) labels.push(label);
  };
  using _plan = await device.plan("sum", (rec) => {
    const x = rec.input("x", [2], "f32");
    return { inputs: { x }, outputs: { y: add(rec, x, x) } };
  });
  assertEquals(labels, ["sum"]);
});
