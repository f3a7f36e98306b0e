import { DataError } from "@transformer-xl/runtime";
import { membersOf } from "@transformer-xl/train/data";
import { assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Scratch } from "../../support/small_run.ts";
import { gzip, type NewMember, tar, zip } from "./archives.ts";

const LONG = "folder/".repeat(20) + "name.txt";
const MEMBERS: readonly NewMember[] = [
  { name: "a.txt", text: "first\n" },
  { name: "folder/b.txt", text: "x".repeat(100_000), stored: true },
  { name: LONG, text: "" },
];
const CONTENT = MEMBERS.map(({ name, text }) => [name, "file", String(text)]);

/** Name, kind and text of the members of a file. */
async function read(path: string, name = path.split("/").at(-1)!): Promise<string[][]> {
  const found: string[][] = [];
  for await (const member of membersOf(path, name, " \n")) {
    const text = member.kind === "file" ? await textOf(member.chunks()) : "";
    found.push([member.name, member.kind, text]);
  }
  return found;
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text;
}

async function readBytes(bytes: Uint8Array, name = "archive"): Promise<string[][]> {
  await using scratch = new Scratch();
  await Deno.writeFile(scratch.at(name), bytes);
  return await read(scratch.at(name));
}

Deno.test("zip, tar and tar.gz have the same members, with folders and long names", async () => {
  assertEquals(await readBytes(await zip(MEMBERS)), CONTENT);
  assertEquals(await readBytes(tar(MEMBERS)), CONTENT);
  assertEquals(await readBytes(await gzip(tar(MEMBERS))), CONTENT);
});

Deno.test("members that are skipped do not shift the next ones", async () => {
  await using scratch = new Scratch();
  await Deno.writeFile(scratch.at("a"), await gzip(tar(MEMBERS)));
  const names: string[] = [];
  for await (const { name } of membersOf(scratch.at("a"), "a", "\n")) names.push(name);
  assertEquals(names, MEMBERS.map(({ name }) => name));
});

Deno.test("a gzip file is one member without its ending, a plain file is itself", async () => {
  assertEquals(await readBytes(await gzip("text\n"), "t.txt.gz"), [["t.txt", "file", "text\n"]]);
  assertEquals(await readBytes(new TextEncoder().encode("text\n"), "t.txt"), [
    ["t.txt", "file", "text\n"],
  ]);
});

Deno.test("joined gzip files are one text", async () => {
  const parts = [await gzip("first\n"), await gzip("second\n")];
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  assertEquals(await readBytes(bytes, "t.txt.gz"), [["t.txt", "file", "first\nsecond\n"]]);
});

Deno.test("rows of a Parquet file are lines, with WikiText's empty ones restored", async () => {
  const path = fileURLToPath(new URL("train-00000-of-00001.parquet", import.meta.url));
  const text = " \n = Robert <unk> = \n \n A film . \n in 2000 café \n \n last line\n";
  assertEquals(await read(path), [["train-00000-of-00001", "file", text]]);
});

Deno.test("a Parquet file without a column of text and a damaged one are refused", async () => {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  await assertRejects(
    () => read(path("labels.parquet")),
    DataError,
    'columns label, "text" is wanted',
  );
  const bytes = await Deno.readFile(path("train-00000-of-00001.parquet"));
  await assertRejects(() => readBytes(bytes.subarray(0, 300)), DataError, "Cannot unpack");
});

Deno.test("names that leave the archive are refused in every format", async () => {
  for (const name of ["../a.txt", "/etc/a.txt", "a/../../b.txt", "C:/a.txt", "..\\a.txt"]) {
    const members = [{ name, text: "x" }];
    for (const bytes of [await zip(members), tar(members), await gzip(tar(members))]) {
      await assertRejects(() => readBytes(bytes), DataError, "points outside of the archive");
    }
  }
});

Deno.test("links are told apart from files", async () => {
  const members = [{ name: "wiki.train.tokens", text: "/etc/passwd", link: true }];
  const found = [["wiki.train.tokens", "link", ""]];
  assertEquals(await readBytes(await zip(members)), found);
  assertEquals(await readBytes(tar(members)), found);
});

Deno.test("archives that are cut off or changed are refused", async () => {
  const zipped = await zip(MEMBERS);
  const packed = await gzip(tar(MEMBERS));
  const changed = zipped.slice();
  changed[changed.length >> 1]! ^= 1; // in the stored member
  const cases = [
    zipped.subarray(0, zipped.length - 200),
    packed.subarray(0, packed.length - 9),
    tar(MEMBERS).subarray(0, 60_000),
    changed,
  ];
  for (const bytes of cases) {
    await assertRejects(() => readBytes(bytes), DataError, "Cannot unpack");
  }
});

Deno.test("a zip member with more bytes than its directory says is refused", async () => {
  const bytes = await zip([{ name: "a", text: "y".repeat(1000) }]);
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(bytes.length - 6, true);
  view.setUint32(directory + 24, 10, true);
  await assertRejects(() => readBytes(bytes), DataError, "differs from its checksum");
});

Deno.test("other packers are named with the command that unpacks", async () => {
  const bytes = new TextEncoder().encode("BZh91AY");
  await assertRejects(
    () => readBytes(bytes),
    DataError,
    "packed with bzip2, unpack it with bunzip2",
  );
  const page = new TextEncoder().encode("<!DOCTYPE html><title>Log in</title>");
  await assertRejects(() => readBytes(page), DataError, "it is a web page");
});
