/**
 * The flag `--webgpu` with values and settings that cannot be used.
 *
 * @module
 */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ConfigError } from "@transformer-xl/runtime";
import { checkTrainConfig } from "@transformer-xl/train";
import { runProgram } from "../../support/program.ts";
import { Scratch, smallConfig } from "../../support/small_run.ts";

Deno.test("--webgpu dawn is refused where nothing runs on WebGPU", () => {
  const error = assertThrows(
    () => checkTrainConfig(smallConfig({ device: "cpu", webgpu: "dawn" })),
    ConfigError,
  );
  assertMatch(error.message, /^Cannot use --webgpu dawn with --device cpu: .*--webgpu deno$/);
  checkTrainConfig(smallConfig({ device: "cpu", webgpu: "auto" }));
});

for (
  const [name, flags, says] of [
    [
      "an unknown implementation",
      { webgpu: "vulkan" },
      /^error: Cannot parse --webgpu: got "vulkan", want one of deno, dawn, auto or none; see --help$/,
    ],
    [
      "a file that is not the native module of Dawn",
      { webgpu: "dawn" },
      /^error: Cannot load Dawn from npm:webgpu@\S+: .*; run once where npm .*TXL_DAWN .*--webgpu deno$/,
    ],
  ] as const
) {
  Deno.test(`${name} is one sentence with the remedy, exit code 2`, async () => {
    await using scratch = new Scratch();
    const { code, stdout, stderr } = await runProgram("train", {
      ...{ preset: "tiny", dry_run: true, work_dir: scratch.at("run") },
      ...flags,
    }, { TXL_DAWN: scratch.at("dawn.node") });
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr.trim(), says);
    assertEquals([...Deno.readDirSync(scratch.path)], []);
  });
}
