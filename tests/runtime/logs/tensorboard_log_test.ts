/**
 * Event files of TensorBoard: records, checksums and fields, as other readers see them.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { crc32c, eventFilesIn, TensorBoardLog } from "@transformer-xl/runtime";
import { tryProgram } from "@transformer-xl/runtime/setup";
import { isMissing } from "../../support/optional_program.ts";
import { decode, inside, textIn } from "../../support/protobuf/decode.ts";
import { readEvents, recordsIn, scalarsOf } from "../../support/protobuf/event_file.ts";
import { Scratch } from "../../support/small_run.ts";

/** The only event file of a folder. */
function onlyFile(folder: string): string {
  const names = eventFilesIn(folder);
  assertEquals(names.length, 1);
  return `${folder}/${names[0]}`;
}

/** Records of every kind. */
function writeRun(folder: string): string {
  using log = new TensorBoardLog(folder);
  log.start({ n_layer: 2, optim: "lamb", roll: true }, ["valid/loss"]);
  log.text(3, "configuration", "| a | ü |");
  log.scalars(300, { "train/loss": 1.5, "train/perplexity": Math.fround(4.48) });
  log.scalars(2 ** 33, { "valid/loss": NaN });
  log.scalars(5, {});
  log.end();
  return onlyFile(folder);
}

Deno.test("checksums are those of RFC 3720", () => {
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assertEquals(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
});

Deno.test("event files hold scalars, texts and settings with valid checksums", async () => {
  await using scratch = new Scratch();
  const events = await readEvents(writeRun(scratch.path));
  assertEquals(events.map(({ step }) => step), [0, 0, 0, 0, 3, 300, 2 ** 33, 0]);
  assertEquals(events[0]!.fileVersion, "brain.Event:2");
  assertEquals(events.slice(1).filter(({ fileVersion }) => fileVersion !== undefined), []);
  assertEquals(scalarsOf(events, "train/loss"), [[300, 1.5]]);
  assertEquals(scalarsOf(events, "train/perplexity"), [[300, Math.fround(4.48)]]);
  assertEquals(scalarsOf(events, "valid/loss"), [[2 ** 33, NaN]]);

  const of = (index: number, tag: string) => {
    const value = events[index]!.values[tag];
    assert(typeof value === "object", tag);
    return value;
  };
  const text = of(4, "configuration");
  assertEquals(textIn(inside(text, 8), 8), "| a | ü |");
  assertEquals([inside(text, 8)[1], inside(text, 8, 2, 2)[1]], [[7n], [1n]]); // one string
  assertEquals([textIn(inside(text, 9, 1), 1), inside(text, 9)[4]], ["text", [2n]]);

  const start = of(3, "_hparams_/session_start_info");
  assertEquals([textIn(inside(start, 9, 1), 1), inside(start, 9)[4]], ["hparams", [2n]]);
  assertEquals(inside(start, 8)[1], [1n]); // a tensor, without which it is not read
  const settings = inside(start, 9, 1, 2, 3)[1]!.map((entry) => decode(entry as Uint8Array));
  assertEquals(settings.map((entry) => [textIn(entry, 1), inside(entry, 2)]), [
    ["n_layer", { 2: [2] }],
    ["optim", { 3: [new TextEncoder().encode("lamb")] }],
    ["roll", { 4: [1n] }],
  ]);
  const experiment = inside(of(2, "_hparams_/experiment"), 9, 1, 2, 2);
  const infos = experiment[4]!.map((info) => decode(info as Uint8Array));
  assertEquals(infos.map((info) => [textIn(info, 1), info[4]]), [
    ["n_layer", [3n]],
    ["optim", [1n]],
    ["roll", [2n]],
  ]);
  assertEquals(textIn(inside(experiment, 5, 1), 2), "valid/loss");
  assertEquals(inside(of(7, "_hparams_/session_end_info"), 9, 1, 2, 4)[1], [1n]);
});

Deno.test("a run that continues adds a file that voids later steps; a new one replaces all", async () => {
  await using scratch = new Scratch();
  const nowMs = Date.now();
  const log = (options: { mode?: "append" | "truncate"; firstStep?: number }, at: number) => {
    using log = new TensorBoardLog(scratch.path, { ...options, now: () => nowMs + at });
    log.scalars(at, { loss: 1 });
  };
  await scratch.text("other", "");
  log({}, 0);
  log({ mode: "append", firstStep: 11 }, 2000);
  const [first, second, ...more] = eventFilesIn(scratch.path).map((name) => scratch.at(name));
  assertEquals(more, []);
  assertEquals((await readEvents(first!)).map(({ session }) => session), [undefined, 1, undefined]);
  const events = await readEvents(second!);
  assertEquals(events.map(({ step, session }) => [step, session]), [
    [0, undefined],
    [11, 1],
    [2000, undefined],
  ]);
  log({ mode: "truncate" }, 3000);
  assertEquals(scalarsOf(await readEvents(onlyFile(scratch.path)), "loss"), [[3000, 1]]);
  assertEquals([...Deno.readDirSync(scratch.path)].length, 2);
});

Deno.test("every record is in the file before a call returns", async () => {
  await using scratch = new Scratch();
  using log = new TensorBoardLog(scratch.path);
  assertEquals(eventFilesIn(scratch.path), []);
  assertEquals(eventFilesIn(scratch.at("missing")), []);
  for (const count of [3, 4, 5]) {
    log.scalars(count, { loss: count });
    assertEquals((await readEvents(onlyFile(scratch.path))).length, count);
  }
});

Deno.test("a full disk loses records, with one warning, and leaves whole ones", async () => {
  await using scratch = new Scratch();
  using log = new TensorBoardLog(scratch.path);
  const { writeSync } = Deno.FsFile.prototype;
  const { writeSync: printSync } = Deno.stderr;
  let isFull = true;
  let left = 10; // bytes
  Deno.FsFile.prototype.writeSync = function (bytes) {
    if (!isFull) return writeSync.call(this, bytes);
    if (left > 0) return left -= writeSync.call(this, bytes.subarray(0, left)), 10;
    throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  };
  const warnings: string[] = [];
  Deno.stderr.writeSync = (bytes) => warnings.push(new TextDecoder().decode(bytes)) && bytes.length;
  try {
    log.scalars(1, { loss: 1 }); // not even the first record of the file fits
    left = 10;
    log.scalars(2, { loss: 2 });
    isFull = false;
    log.scalars(3, { loss: 3 });
    isFull = true;
    left = 10;
    log.scalars(4, { loss: 4 });
    isFull = false;
    log.scalars(5, { loss: 5 });
  } finally {
    Deno.FsFile.prototype.writeSync = writeSync;
    Deno.stderr.writeSync = printSync;
  }
  const events = await readEvents(onlyFile(scratch.path));
  assertEquals(events[0]!.fileVersion, "brain.Event:2");
  assertEquals(scalarsOf(events, "loss"), [[3, 3], [5, 5]]);
  assertEquals(warnings.length, 2);
  assertStringIncludes(warnings[0]!, "no space left on device; records are missing there until");
});

Deno.test("protoc reads the fields of every record", {
  ignore: isMissing("protoc"),
}, async () => {
  await using scratch = new Scratch();
  const records = recordsIn(await Deno.readFile(writeRun(scratch.path)));
  const texts: string[] = [];
  for (const record of records) {
    await Deno.writeFile(scratch.at("record"), record);
    const { code, stdout, stderr } = await tryProgram(
      ["sh", "-c", 'protoc --decode_raw < "$0"', scratch.at("record")],
    );
    assertEquals([code, stderr], [0, ""]);
    texts.push(stdout);
  }
  assertStringIncludes(texts[0]!, '3: "brain.Event:2"\n');
  assertStringIncludes(
    texts[5]!,
    '2: 300\n5 {\n  1 {\n    1: "train/loss"\n    2: 0x3fc00000\n  }\n',
  );
  assertStringIncludes(texts[4]!, "      1: 7\n      2 {\n        2 {\n          1: 1\n");
});

/** Every record of a file in Python: lengths and checksums, then wall time and loss. */
const PYTHON = `
import struct, sys
table = []
for n in range(256):
    for _ in range(8):
        n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
    table.append(n)
def masked(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
file = open(sys.argv[1], "rb").read()
at = count = 0
while at < len(file):
    length, crc = struct.unpack_from("<QI", file, at)
    assert crc == masked(file[at:at + 8])
    data = file[at + 12:at + 12 + length]
    assert struct.unpack_from("<I", file, at + 12 + length)[0] == masked(data)
    assert data[0] == 9 and struct.unpack_from("<d", data, 1)[0] > 1e9
    if b"train/loss" in data:
        end = data.index(b"train/loss") + 10
        print("loss", data[end] == 0x15 and struct.unpack_from("<f", data, end + 1)[0])
    at += 16 + length
    count += 1
print(count)
`;

Deno.test("Python's struct reads lengths, checksums and numbers", {
  ignore: isMissing("python3"),
}, async () => {
  await using scratch = new Scratch();
  const python = ["python3", "-c", PYTHON, writeRun(scratch.path)];
  assertEquals(await tryProgram(python), { code: 0, stdout: "loss 1.5\n8\n", stderr: "" });
});
