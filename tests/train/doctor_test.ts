import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { type DeviceLimits, offersHardware, openDevice } from "@transformer-xl/runtime";
import { examine } from "@transformer-xl/train";
import { gpuTest, openTestGpu } from "../support/test_gpu.ts";

Deno.test("the doctor reports adapter, self-tests and speeds, and finds this machine fit", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "train/doctor/main.ts"],
    cwd: new URL("../../", import.meta.url),
  }).output();
  const report = new TextDecoder().decode(stdout);
  assertEquals(code, 0, report);
  assertMatch(report, /^Deno {10}\d+\.\d+/m);
  assertMatch(report, /^Default {7}the [CG]PU/m);
  assertMatch(report, /^Chosen {8}\S/m);
  assertMatch(
    report,
    /^Matrix units {2}(none|\d+x\d+x\d+, float16 into float32 sums, subgroups of \d+)$/m,
  );
  assertMatch(report, /^Readback {6}passed/m);
  assertMatch(report, /^Loop {10}passed, 70000 of 70000/m);
  assertMatch(report, /^Limit {9}maxBufferSize \d+/m);
  assertEquals(report.match(/^Preset {8}tiny +fits/gm)?.length, 1, report); // of one device
  for (const speed of ["CPU .* at", "Copy", "Multiply-add"]) {
    assertGreater(Number(new RegExp(`^${speed} +([\\d.]+) `, "m").exec(report)?.[1]), 0, report);
  }
});

Deno.test("the doctor and the quickstart take no flags but --help", async () => {
  const run = async (program: string, flag: string) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", `train/${program}`, flag],
      cwd: new URL("../../", import.meta.url),
    }).output();
    const [printed, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, printed: printed!, error: error!.trim() };
  };
  for (const [task, program] of [["doctor", "doctor/main.ts"], ["quickstart", "quickstart.ts"]]) {
    const help = await run(program!, "--help");
    assertEquals([help.code, help.error], [0, ""]);
    assert(help.printed.startsWith(`Usage: deno task ${task}\n`));
    const error =
      `error: Cannot parse "--webgpu": ${task} has no flags; see deno task ${task} --help`;
    assertEquals(await run(program!, "--webgpu"), { code: 2, printed: "", error });
  }
});

gpuTest("the doctor plans with the limits that training plans with by default", async () => {
  const gpu = await openTestGpu();
  using cpu = await openDevice("cpu", () => {});
  const targets: DeviceLimits[] = [];
  const seen = new Error("the limits are known"); // the rest of the report is tested above
  const examined = examine(() => {}, (limits) => {
    targets.push(limits);
    return Promise.reject(seen);
  });
  assertEquals(await examined.catch((error) => error), seen);
  assertEquals(targets, [await offersHardware(navigator.gpu) ? gpu.limits : cpu.limits]);
});
