/**
 * Permissions of the programs as `train/running.md` states them, and of launched processes.
 *
 * @module
 */
import { permissionError, sameProgram } from "@transformer-xl/runtime";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Flags } from "../support/program.ts";
import { words } from "../support/program.ts";
import { Scratch, SMALL, wordText } from "../support/small_run.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/[/\\]$/, "");

/** The permission flags that the page states after a comment. */
async function stated(
  comment: string,
  places: Readonly<Record<string, string>>,
): Promise<string[]> {
  const page = await Deno.readTextFile(`${ROOT}/train/running.md`);
  const [, line] = new RegExp(`^# ${comment}.*\n(deno run .*)$`, "m").exec(page) ?? [];
  assert(line !== undefined, `train/running.md states no permissions of ${comment}`);
  const flags = line.split(" ").filter((word) => word.startsWith("--allow-"));
  return flags.map((flag) => flag.replaceAll(/\b[A-Z]{3,}\b/g, (name) => places[name] ?? name));
}

async function run(
  permissions: readonly string[],
  program: string,
  given: Flags | readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const argv = Array.isArray(given) ? given : words(given as Flags);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...permissions, program, ...argv],
    cwd: ROOT,
    env: { NODEVICE_SELECT: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const LIBRARY = `
import { loadWeights, openCheckpoint, TransformerXL } from "@transformer-xl/model";
import { openDevice, ParameterStore } from "@transformer-xl/runtime";
using checkpoint = await openCheckpoint(Deno.args[1]!);
using device = await openDevice("cpu", () => {});
using store = new ParameterStore();
new TransformerXL(store, checkpoint.config, device.limits);
store.allocate(device, { gradients: false });
await loadWeights(device, store, checkpoint);
console.log(checkpoint.vocabulary.kind);
`;

Deno.test("training, evaluation, generation, inspection, export, several processes and the library run with the documented permissions", async () => {
  await using scratch = new Scratch();
  const data = await scratch.text("text.txt", wordText(60));
  const workDir = scratch.at("run");
  await Deno.mkdir(workDir);
  const tmp = scratch.at("tmp");
  await Deno.mkdir(tmp);
  const places = { TEXT: data, RUN: workDir, TMPDIR: tmp, HERE: ROOT };
  const flags = {
    ...SMALL,
    data,
    work_dir: workDir,
    device: "cpu",
    max_step: 4,
    eval_interval: 2,
  } as const;
  const trained = await run(await stated("training", places), "train/cli.ts", flags);
  assertEquals([trained.code, trained.stderr], [0, ""], trained.stdout);

  const scored = await run(await stated("evaluation", places), "eval/cli.ts", {
    work_dir: workDir,
    data,
    device: "cpu",
    batch_size: 2,
    tgt_len: 8,
    mem_len: 8,
  });
  assertEquals(scored.code, 0, scored.stderr);
  assertStringIncludes(scored.stdout, "test loss");

  const continued = await run(await stated("generation", places), "eval/generation/cli.ts", {
    work_dir: workDir,
    device: "cpu",
    length: 3,
  });
  assertEquals(continued.code, 0, continued.stderr);

  const inspected = await run(await stated("inspection", places), "eval/inspection/cli.ts", {
    ...{ work_dir: workDir, data, device: "cpu", max_tokens: 20, tgt_len: 4, mem_len: 4 },
  });
  assertEquals([inspected.code, inspected.stderr], [0, ""]);

  const exported = await run(await stated("export", places), "train/exchange/export_main.ts", {
    work_dir: workDir,
    pt: `${workDir}/a.pt`,
    onnx: `${workDir}/a.onnx`,
    safetensors: `${workDir}/a.safetensors`,
  });
  assertEquals([exported.code, exported.stderr], [0, ""]);

  const reported = await run(await stated("the report", places), "train/report/main.ts", [workDir]);
  assertEquals([reported.code, reported.stderr], [0, ""]);

  const several = await run(
    await stated("several processes", places),
    "train/cli.ts",
    { ...flags, gpus: 2, overwrite: true },
    { TMPDIR: tmp },
  );
  assertEquals([several.code, several.stderr], [0, ""], several.stdout);
  assertEquals([...Deno.readDirSync(tmp)], []);

  const program = `${ROOT}/tests/permissions_library_${crypto.randomUUID()}.ts`;
  await Deno.writeTextFile(program, LIBRARY); // beside the import map that names the members
  try {
    const opened = await run(await stated("a program that opens checkpoints", places), program, {
      checkpoint: `${workDir}/checkpoint_last.safetensors`,
    });
    assertEquals([opened.code, opened.stdout], [0, "word\n"], opened.stderr);
  } finally {
    await Deno.remove(program);
  }
});

/** States of a process with some permissions. */
function granted(...names: readonly string[]): typeof Deno.permissions.querySync {
  return (descriptor) => {
    const { name, path, variable } = descriptor as unknown as Record<string, string>;
    const part = path ?? variable;
    const isGranted = names.includes(name!) || names.includes(`${name}=${part}`);
    const partial = part === undefined && !names.includes(name!) &&
      names.some((one) => one.startsWith(`${name}=`));
    return { state: isGranted ? "granted" : "prompt", partial } as Deno.PermissionStatus;
  };
}

Deno.test("launched processes have the permissions of their launcher", () => {
  const flagsOf = (...names: readonly string[]) => {
    const { args } = sameProgram(["--x"], ["run", "a,b"], granted(...names));
    assertEquals([args[0], args.at(-1)], ["run", "--x"]);
    return args.slice(1, args.indexOf("--quiet"));
  };
  const all = ["read", "write", "net", "env", "run", "ffi", "sys"];
  assertEquals(flagsOf(...all), ["--allow-all"]);
  assertEquals(flagsOf("read", "net", "env", "run", "sys", "write=run", "write=/elsewhere"), [
    "--allow-read",
    "--allow-write=run",
    "--allow-net",
    "--allow-env",
    "--allow-run",
    "--allow-sys",
    "--no-prompt",
  ]);
  assertEquals(flagsOf("read=a,b", "env=RANK"), [
    "--allow-read=a,,b",
    "--allow-env=RANK",
    "--no-prompt",
  ]);
});

Deno.test("a missing permission is one sentence", () => {
  const error = permissionError(new Deno.errors.NotCapable('Requires read access to "x"'));
  assertEquals(
    error?.message,
    'Cannot continue with the given permissions: requires read access to "x"',
  );
  assertEquals(permissionError(new Error("a bug")), undefined);
});
