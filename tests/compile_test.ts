import { assert, assertStringIncludes } from "@std/assert";

/** The plain Deno executable stands in for denort: nothing is downloaded, and the list is the same. */
Deno.test("deno task compile embeds kernels beside the code that imports them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const output = `${folder}/program`;
    const { code, stdout } = await compile("kernels/elementwise/scale.ts", output, Deno.execPath());
    assert(code === 0, stdout);
    assert((await Deno.stat(output)).isFile);
    for (const name of ["add.wgsl", "loop_test.wgsl", "scale.wgsl", "group_worker.ts"]) {
      assertStringIncludes(stdout, name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("deno task compile says in one sentence what is missing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { code, stdout } = await compile(
      "runtime/errors.ts",
      `${folder}/program`,
      `${folder}/none`,
    );
    assert(code === 1, stdout);
    assertStringIncludes(stdout, 'Cannot compile "runtime/errors.ts": denort');
    assertStringIncludes(stdout, "DENORT_BIN");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function compile(
  program: string,
  output: string,
  denort: string,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "runtime/setup/compile.ts", program, output],
    cwd: new URL("../", import.meta.url),
    env: { DENORT_BIN: denort },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout) + text.decode(stderr) };
}
