import { DataError } from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { download, type TransferOptions, Unreachable } from "@transformer-xl/train/data";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Scratch } from "../../support/small_run.ts";
import { FileServer, type ServerHabits } from "./file_server.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const CONTENT = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) >> 3 & 255);
const SHA256 = sha256(CONTENT);
const TAG = '"version 1"';

/** A server and a folder; `get` downloads from it. */
class Setting implements AsyncDisposable {
  readonly scratch = new Scratch();
  readonly server: FileServer;
  readonly lines: string[] = [];
  readonly progress: number[] = [];

  constructor(habits: ServerHabits = {}) {
    this.server = new FileServer(CONTENT, habits);
  }

  readonly options: TransferOptions = {
    print: (line) => void this.lines.push(line),
    progress: (_, bytes) => void this.progress.push(bytes),
    attempts: 2,
    pauseMs: 1,
    stallMs: 2000,
    maxBytes: 200_000,
  };

  async get(
    { urls = [this.server.url("file")], known = true, ...options }: {
      readonly urls?: readonly string[];
      readonly known?: boolean;
    } & Partial<TransferOptions> = {},
  ): Promise<Uint8Array> {
    const facts = known ? { bytes: CONTENT.length, checksums: { sha256: SHA256 } } : {};
    const what = { name: "file", urls, ...facts };
    const { path, sha256 } = await download(what, this.scratch.path, {
      ...this.options,
      ...options,
    });
    assertEquals([path, sha256], [this.scratch.at("file"), SHA256]);
    return await Deno.readFile(path);
  }

  names(): string[] {
    return [...Deno.readDirSync(this.scratch.path)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.scratch[Symbol.asyncDispose]();
  }
}

Deno.test("a download has the bytes of the server, shows progress and leaves one file", async () => {
  await using setting = new Setting();
  assertEquals(await setting.get(), CONTENT);
  assertEquals(setting.names(), ["file"]);
  assert(setting.progress.includes(CONTENT.length));
  assertEquals(setting.lines, ["  file: 100000 bytes, SHA-256 as published"]);
  await setting.get();
  assertEquals(setting.server.asked, [null]); // the second one finds the file
});

Deno.test("a broken connection is continued behind the bytes that arrived", async () => {
  await using setting = new Setting({ ranges: true, etag: TAG, breaks: [30_000, 20_000] });
  assertEquals(await setting.get(), CONTENT);
  assertEquals(setting.server.asked, [null, "bytes=30000-", "bytes=50000-"]);
});

Deno.test("a later run resumes the partial file of an earlier one", async () => {
  await using setting = new Setting({
    ranges: true,
    etag: TAG,
    breaks: [30_000],
    statuses: [200, 500, 500],
  });
  await assertRejects(() => setting.get(), Unreachable, "it answers 500");
  assertEquals(setting.names(), ["file.part", "file.part.json"]);
  assertEquals(await setting.get(), CONTENT);
  assertEquals(setting.server.asked.at(-1), "bytes=30000-");
  assertStringIncludes(setting.lines.join("\n"), "resuming behind 30000 bytes");
  assertEquals(setting.names(), ["file"]);
});

Deno.test("a server without ranges sends the file anew", async () => {
  await using setting = new Setting({ breaks: [30_000] });
  assertEquals(await setting.get(), CONTENT);
  assertEquals(setting.server.asked, [null, "bytes=30000-"]);
});

Deno.test("a file that changed on the server is fetched anew", async () => {
  await using setting = new Setting({ ranges: true, etag: TAG, breaks: [30_000] });
  await Deno.writeFile(setting.scratch.at("file.part"), new Uint8Array(500));
  const notes = { url: setting.server.url("file"), validator: '"version 0"' };
  await Deno.writeTextFile(setting.scratch.at("file.part.json"), JSON.stringify(notes));
  assertEquals(await setting.get({ known: false }), CONTENT);
});

Deno.test("a partial file with other bytes is found by the checksum and fetched anew", async () => {
  await using setting = new Setting({ ranges: true, etag: TAG });
  await Deno.writeFile(setting.scratch.at("file.part"), new Uint8Array(500));
  const notes = { url: setting.server.url("file"), validator: TAG };
  await Deno.writeTextFile(setting.scratch.at("file.part.json"), JSON.stringify(notes));
  assertEquals(await setting.get(), CONTENT);
  assertEquals(setting.server.asked, ["bytes=500-", null]);
  assertStringIncludes(setting.lines.join("\n"), "starting anew");
});

Deno.test("a complete partial file is verified, not fetched again", async () => {
  await using setting = new Setting({ ranges: true, etag: TAG });
  await Deno.writeFile(setting.scratch.at("file.part"), CONTENT);
  const notes = { url: setting.server.url("file"), validator: TAG };
  await Deno.writeTextFile(setting.scratch.at("file.part.json"), JSON.stringify(notes));
  assertEquals(await setting.get(), CONTENT);
  assertEquals(setting.server.asked, ["bytes=100000-"]);
});

Deno.test("a truncated answer without a length is an interruption where the length is published", async () => {
  await using setting = new Setting({ ranges: true, etag: TAG, length: false });
  setting.server.content = CONTENT.slice(0, 60_000);
  await assertRejects(() => setting.get(), Unreachable);
  setting.server.content = CONTENT;
  assertEquals(await setting.get(), CONTENT);
});

Deno.test("a wrong checksum and a wrong length are refused and leave nothing", async () => {
  await using setting = new Setting();
  setting.server.content = new Uint8Array(CONTENT.length);
  const error = await assertRejects(() => setting.get(), Unreachable);
  assertStringIncludes(
    error.message,
    `${sha256(new Uint8Array(CONTENT.length))}, ${SHA256} is published`,
  );
  assertEquals(setting.names(), []);
  setting.server.content = new Uint8Array(7);
  await assertRejects(() => setting.get(), Unreachable, "offers 7 bytes, 100000 are published");
  assertEquals(setting.names(), []);
});

Deno.test("an endless answer of unknown length is cut off at the limit", async () => {
  await using setting = new Setting({ length: false });
  await assertRejects(
    () => setting.get({ known: false, maxBytes: 50_000 }),
    Unreachable,
    "more than",
  );
  assertEquals(setting.names(), []);
});

Deno.test("a missing address gives way to the next, and redirects are followed", async () => {
  await using setting = new Setting();
  const urls = [setting.server.url("missing"), setting.server.url("redirect/file")];
  assertEquals(await setting.get({ urls }), CONTENT);
  assertStringIncludes(setting.lines[0]!, "it answers 404");
});

Deno.test("a connection without bytes is given up after a while and continued", async () => {
  await using setting = new Setting({ ranges: true, etag: TAG, stalls: [10_000] });
  assertEquals(await setting.get({ stallMs: 200 }), CONTENT);
  assertEquals(setting.server.asked, [null, "bytes=10000-"]);
});

Deno.test("errors of the server that pass are waited for", async () => {
  await using setting = new Setting({ statuses: [503] });
  assertEquals(await setting.get(), CONTENT);
});

Deno.test("a host that does not answer is named with the reason", async () => {
  await using setting = new Setting();
  const urls = [setting.server.url("file")];
  await setting.server[Symbol.asyncDispose]();
  const error = await assertRejects(() => setting.get({ urls }), Unreachable);
  assertEquals(error.reasons, [`${new URL(urls[0]!).host}: Connection refused`]);
});

Deno.test("a file without a published checksum prints the computed one", async () => {
  await using setting = new Setting();
  await setting.get({ known: false });
  assertEquals(setting.lines, [
    `  file: 100000 bytes, no checksum is published, its SHA-256 is ${SHA256}`,
  ]);
});

Deno.test("a file put there by hand is verified", async () => {
  await using setting = new Setting();
  await setting.scratch.text("file", "something else");
  await assertRejects(() => setting.get(), DataError, "remove it, and it is downloaded again");
  await Deno.writeFile(setting.scratch.at("file"), CONTENT);
  assertEquals(await setting.get(), CONTENT);
  assertEquals(setting.server.asked, []);
});
