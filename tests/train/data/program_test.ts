import { tryProgram } from "@transformer-xl/runtime/setup";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Scratch } from "../../support/small_run.ts";
import { gzip } from "./archives.ts";
import { FileServer } from "./file_server.ts";

const PROGRAM = fileURLToPath(new URL("../../../train/data/main.ts", import.meta.url));
const ENV = { NO_COLOR: "1" };

function data(...args: readonly string[]): ReturnType<typeof tryProgram> {
  return tryProgram([Deno.execPath(), "run", "-A", "--quiet", PROGRAM, ...args], { env: ENV });
}

Deno.test("deno task data lists the data sets with their licences", async () => {
  const { code, stdout } = await data("--help");
  assertEquals(code, 0);
  for (
    const word of ["Usage: deno task data NAME --to DIR", "--from PATH ...", "CC BY-SA 3.0", "LDC"]
  ) {
    assertStringIncludes(stdout, word);
  }
});

Deno.test("wrong names and missing folders are one sentence", async () => {
  const cases = [
    [
      ["wt3", "--to", "x"],
      'Cannot prepare data set "wt3": there is none of that name, did you mean',
    ],
    [["wt2"], "Cannot prepare wt2: no folder is given; give --to DIR"],
    [["wt2", "--to", "x", "--from", "a", "--url", "http://a.b/c"], "Cannot use --from with --url"],
    [["wt2", "--to", "x", "--url", "ftp://a.b/c"], "want an address that begins with http:// or"],
    [
      ["wt2", "--to", "x", "--from", "/nothing.zip"],
      'Cannot import "/nothing.zip": it does not exist',
    ],
  ] as const;
  await using scratch = new Scratch();
  for (const [args, sentence] of cases) {
    const words = args.map((word) => word === "x" ? scratch.at("x") : word);
    const { code, stderr } = await data(...words);
    assertEquals([code, stderr.trim().split("\n").length], [2, 1], stderr);
    assertStringIncludes(stderr, sentence);
  }
  assertEquals([...Deno.readDirSync(scratch.path)], []);
});

Deno.test("a text of the user is imported with the licence, and the next command is printed", async () => {
  await using scratch = new Scratch();
  await Deno.writeFile(scratch.at("mine.gz"), await gzip("To be, or not to be\n"));
  const to = scratch.at("shakespeare");
  const { code, stdout, stderr } = await data(
    "shakespeare",
    "--to",
    to,
    "--from",
    scratch.at("mine.gz"),
  );
  assertEquals([code, stderr], [0, ""], stdout);
  assertStringIncludes(stdout, "licence: public domain");
  assertStringIncludes(stdout, "input.txt: 20 bytes, not the published text");
  assertStringIncludes(stdout, `deno task train --dataset shakespeare --data ${to}`);
  assertEquals(await Deno.readTextFile(`${to}/input.txt`), "To be, or not to be\n");
});

Deno.test("a download that is stopped goes on in the next run, which checks it", async () => {
  await using scratch = new Scratch();
  const content = new Uint8Array(1_115_394); // the published length
  await using server = new FileServer(content, { ranges: true, etag: '"1"', stalls: [40_000] });
  const args = ["shakespeare", "--to", scratch.at("to"), "--url", server.url("input.txt")];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", PROGRAM, ...args],
    env: ENV,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const part = scratch.at("to.download/input.txt.part");
  const size = () => Deno.stat(part).then(({ size }) => size, () => 0);
  for (const since = Date.now(); await size() < 40_000;) {
    assert(Date.now() - since < 60_000, "no byte was written");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGINT");
  await child.status;
  assertEquals(await size(), 40_000);
  const { code, stderr } = await data(...args);
  assertEquals([server.asked[1], code], ["bytes=40000-", 2]);
  assertStringIncludes(stderr, "Cannot download shakespeare");
  assertStringIncludes(
    stderr,
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed is published",
  );
  assertEquals([...Deno.readDirSync(scratch.at("to.download"))], []);
});

Deno.test("without a network one sentence says what to download and where to put it", async () => {
  await using scratch = new Scratch();
  const server = new FileServer(new Uint8Array(1));
  const url = server.url("enwik8.zip");
  await server[Symbol.asyncDispose]();
  const { code, stderr } = await data("enwik8", "--to", scratch.at("e"), "--url", url);
  assertEquals([code, stderr.trim().split("\n").length], [2, 1], stderr);
  assertStringIncludes(
    stderr,
    `Connection refused; run again to continue, or download by hand ${url} to ` +
      `"${scratch.at("e.download/enwik8.zip")}", and run again`,
  );
});
