import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CheckpointError, TorchFile, TorchTensor } from "@transformer-xl/runtime";
import { pickle } from "../../../support/pytorch/pickle_bytes.ts";
import { Scratch } from "../../../support/small_run.ts";
import { type NewMember, zip } from "../../../train/data/archives.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** An archive of one tensor of float32. */
function archive(
  elements: number,
  content: Bytes,
  { stored = true, more = [] }: { stored?: boolean; more?: readonly NewMember[] } = {},
): Promise<Bytes> {
  const tensor = pickle((p) =>
    p.class("torch._utils", "_rebuild_tensor_v2").raw("(").storage("0", elements).int(0)
      .ints([elements]).ints([1]).raw("\x89Nt").call()
  );
  return zip([
    { name: "x/data.pkl", text: tensor, stored: true },
    { name: "x/data/0", text: content, stored },
    ...more,
  ]);
}

/** Reads the tensor of an archive; returns its bytes. */
async function read(path: string, bytes: Bytes): Promise<number> {
  await Deno.writeFile(path, bytes);
  using file = await TorchFile.open(path);
  assert(file.value instanceof TorchTensor);
  let length = 0;
  for await (const piece of file.pieces(file.value)) length += piece.length;
  return length;
}

/** An archive whose directory has other bytes, `back` bytes before its end. */
function edited(bytes: Bytes, back: number, value: number): Bytes {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(copy.length - back, value, true);
  return copy;
}

const numbers = new Uint8Array(Float32Array.of(1, 2, 3).buffer);

Deno.test("members are read stored and deflated", async () => {
  await using scratch = new Scratch();
  assertEquals(await read(scratch.at("a.pt"), await archive(3, numbers)), 12);
  assertEquals(await read(scratch.at("a.pt"), await archive(3, numbers, { stored: false })), 12);
});

/** The archive with the sizes and the place of its last member, and of its directory, in 64 bits. */
function large(bytes: Bytes): Bytes {
  const view = new DataView(bytes.buffer);
  const end = bytes.length - 22;
  const at = view.getUint32(end + 16, true);
  const name = "x/data/0".length;
  const entry = end - 46 - name;
  const directory = bytes.slice(at, end);
  const last = new DataView(directory.buffer, entry - at);
  const sizes = [last.getUint32(24, true), last.getUint32(20, true), last.getUint32(42, true)];
  for (const field of [20, 24, 42]) last.setUint32(field, 0xffffffff, true);
  last.setUint16(30, 4 + 24, true);
  const words = (...values: readonly number[]) => new BigUint64Array(values.map(BigInt)).buffer;
  const extra = [Uint16Array.of(1, 24).buffer, words(...sizes)];
  const length = directory.length + 28;
  const end64 = [Uint32Array.of(0x06064b50).buffer, words(44), Uint32Array.of(0, 0, 0).buffer];
  const locator = [
    Uint32Array.of(0x07064b50, 0).buffer,
    words(at + length),
    Uint32Array.of(1).buffer,
  ];
  const short = new Uint8Array(bytes.slice(end));
  new DataView(short.buffer).setUint32(16, 0xffffffff, true);
  const parts = [
    bytes.slice(0, at),
    directory,
    ...extra,
    ...end64,
    words(2, 2, length, at),
    ...locator,
    short,
  ];
  return new Uint8Array(parts.flatMap((part) => [...new Uint8Array(part)]));
}

Deno.test("a file that is read again and again ends with an error", async () => {
  await using scratch = new Scratch();
  const path = scratch.at("a.pt");
  for (const stored of [true, false]) {
    const elements = 1 << 21;
    const content = crypto.getRandomValues(new Uint8Array(1 << 16));
    const whole = new Uint8Array(4 * elements).map((_, i) => content[i % content.length]!);
    await Deno.writeFile(path, await archive(elements, whole, { stored }));
    using file = await TorchFile.open(path);
    const tensor = file.value as TorchTensor;
    await assertRejects(
      async () => {
        for (let times = 0; times < 100; times++) {
          for await (const piece of file.pieces(tensor)) assert(piece.length > 0);
        }
      },
      CheckpointError,
      "want the same bytes again and again",
    );
  }
});

Deno.test("sizes and places of 64 bits are read", async () => {
  await using scratch = new Scratch();
  assertEquals(await read(scratch.at("a.pt"), large(await archive(3, numbers))), 12);
});

Deno.test("a hostile archive is refused in one line, in little time and memory", async (t) => {
  await using scratch = new Scratch();
  const path = scratch.at("hostile.pt");
  const whole = await archive(3, numbers);
  const damaged = whole.slice();
  damaged[new TextDecoder("latin1").decode(whole).indexOf("x/data/0") + 8]! ^= 1;
  const more = (name: string, text = "") =>
    archive(3, numbers, { more: [{ name, text, stored: true }] });
  // Directory entries have their fields at fixed distances from the end: name, 46 bytes, end record.
  const last = 22 + "x/data/0".length;
  const cases: readonly (readonly [what: string, bytes: Bytes | Promise<Bytes>, says: RegExp])[] = [
    [
      "a bomb",
      archive(8 << 20, new Uint8Array(32 << 20), { stored: false }),
      /which no numbers do/,
    ],
    ["a damaged member", damaged, /data\/0" differs from its checksum/],
    ["fewer numbers than it says", archive(4, numbers), /outside of its storage of 12 bytes/],
    ["a length of 4 GB", edited(whole, last + 22, 0xfffffff0), /of two lengths/],
    ["a packed length of 4 GB", edited(whole, last + 26, 0xfffffff0), /is cut off/],
    ["a place behind the file", edited(whole, last + 4, 0xfffffff0), /is missing/],
    ["another method", edited(whole, last + 36, 99), /another method than deflate/],
    ["a directory behind the file", edited(whole, 6, 0x7fffffff), /lies outside of the file/],
    ["a directory of 4 GB", edited(whole, 10, 0xffffffff), /lies outside of the file/],
    ["a member twice", more("y/data/0"), /two members "data\/0"/],
    ["another byte order", more("x/byteorder", "big"), /its byte order is "big"/],
    ["TorchScript", more("x/constants.pkl"), /TorchScript archive/],
    ["no pickle", zip([{ name: "x/y", text: "" }]), /no member "data.pkl"/],
    ["no members", zip([]), /no member "data.pkl"/],
    [
      "no numbers",
      zip([{ name: "x/data.pkl", text: await pickleOf(whole) }]),
      /no member "data\/0"/,
    ],
  ];
  for (const [what, bytes, says] of cases) {
    await t.step(what, async () => {
      const content = await bytes;
      const start = performance.now();
      const { message } = await assertRejects(() => read(path, content), CheckpointError);
      assertMatch(message, says);
      assert(message.includes(path), message);
      assertMatch(message, /^\P{Cc}{1,399}$/u);
      assert(performance.now() - start < 2000, "it took too long");
    });
  }
});

/** The pickle of an archive of {@link archive}. */
function pickleOf(bytes: Bytes): Bytes {
  const text = new TextDecoder("latin1").decode(bytes);
  const from = text.indexOf("data.pkl") + "data.pkl".length;
  return bytes.slice(from, text.indexOf("PK", from));
}
