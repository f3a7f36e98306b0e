import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  CheckpointError,
  encodeSafetensors,
  SafetensorsFile,
  type SafetensorsTensor,
  writeSafetensors,
} from "@transformer-xl/runtime";
import { createHash } from "node:crypto";
import { craft, join } from "../../support/safetensors_bytes.ts";

const directory = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
const path = `${directory}/weights.safetensors`;

async function messageOf(bytes: Uint8Array): Promise<string> {
  await Deno.writeFile(path, bytes);
  return (await assertRejects(() => SafetensorsFile.open(path), CheckpointError)).message;
}

/** A file as another program writes it: own order of names, of bytes and of metadata, own spacing. */
function written(tensors: readonly SafetensorsTensor[], metadata: Record<string, string>) {
  let at = 0;
  const entries = tensors.map(({ name, dtype, shape, values }) => {
    const data_offsets = [at, at += values.byteLength];
    return [name, { data_offsets, shape, dtype }] as const;
  });
  const header = JSON.stringify(
    { ...Object.fromEntries(entries), __metadata__: metadata },
    null,
    1,
  );
  const data = tensors.map(({ values }) => new Uint8Array(values.buffer));
  return join([craft(header, 0), ...data]);
}

Deno.test("a file that another program wrote again stays verified, unless what it says is changed", async () => {
  const tensors: SafetensorsTensor[] = [
    { name: "b", dtype: "F32", shape: [2], values: Float32Array.of(1, 2) },
    { name: "a", dtype: "U8", shape: [3], values: Uint8Array.of(1, 2, 3) },
  ];
  const metadata = { step: "7", "ключ": "a\nb" };
  await writeSafetensors(path, tensors, metadata);
  using original = await SafetensorsFile.open(path);
  const sha256 = original.metadata["sha256"]!;
  const verify = async (bytes: Uint8Array) => {
    await Deno.writeFile(`${directory}/again`, bytes);
    using file = await SafetensorsFile.open(`${directory}/again`);
    return (await file.verify()).hasChecksum;
  };
  assert(await verify(written(tensors, { sha256, ...metadata })));
  assert(await verify(written(tensors.toReversed(), { "ключ": "a\nb", sha256, step: "7" })));
  assertEquals(await verify(written(tensors, metadata)), false);
  const other = { ...tensors[0]!, values: Float32Array.of(1, 3) };
  const reshaped = { ...tensors[0]!, shape: [2, 1] };
  const renamed = { ...tensors[0]!, name: "c" };
  for (const first of [other, reshaped, renamed]) {
    const changed = written([first, tensors[1]!], { sha256, ...metadata });
    await assertRejects(() => verify(changed), CheckpointError, "it was damaged or changed");
  }
  for (const wrong of [{ step: "8" }, { extra: "1" }, { sha256: "" }, { sha256: "content:" }]) {
    const changed = written(tensors, { sha256, ...metadata, ...wrong });
    await assertRejects(() => verify(changed), CheckpointError, "it was damaged or changed");
  }
  await Deno.remove(`${directory}/again`);
});

Deno.test("the checksum is the documented one", () => {
  const values = Uint8Array.of(1, 2);
  const [header] = encodeSafetensors([{ name: "w", dtype: "U8", shape: [2], values }], { k: "v" });
  const text = new TextDecoder().decode(header!.subarray(8));
  const tensor = createHash("sha256").update(values).digest("hex");
  const said = `[[["k","v"]],[["w","U8",[2],"${tensor}"]]]`;
  const wanted = `content:${createHash("sha256").update(said).digest("hex")}`;
  assertEquals(JSON.parse(text).__metadata__.sha256, wanted);
});

Deno.test("the checksum of earlier versions is still verified, and refused when it is wrong", async () => {
  const tensor = { w: { dtype: "U8", shape: [2], data_offsets: [0, 2] } };
  const header = JSON.stringify({ __metadata__: { sha256: "0".repeat(64) }, ...tensor });
  const blank = join([craft(header, 0), Uint8Array.of(3, 4)]);
  const sha256 = createHash("sha256").update(blank).digest("hex");
  const verify = async (digest: string) => {
    const bytes = join([craft(header.replace("0".repeat(64), digest), 0), Uint8Array.of(3, 4)]);
    await Deno.writeFile(path, bytes);
    using file = await SafetensorsFile.open(path);
    return (await file.verify()).hasChecksum;
  };
  assert(await verify(sha256));
  const wrong = sha256.replace(/^./, (digit) => digit === "0" ? "1" : "0");
  await assertRejects(() => verify(wrong), CheckpointError, "it was damaged or changed");
});

Deno.test("numbers that are not finite are found in every float type, by name", async () => {
  const bad = {
    F64: Float64Array.of(1, 1.7e308, NaN),
    F32: Float32Array.of(1, 3.4e38, -Infinity),
    F16: Float16Array.of(1, 65504, Infinity),
    BF16: Uint16Array.of(0, 0x7f7f, 0xff80),
  } as const;
  for (const [dtype, values] of Object.entries(bad) as [keyof typeof bad, typeof bad.F32][]) {
    const found = async (values: SafetensorsTensor["values"], shape: number[]) => {
      await writeSafetensors(path, [{ name: `w${dtype}`, dtype, shape, values }]);
      using file = await SafetensorsFile.open(path);
      return (await file.verify()).notFinite;
    };
    assertEquals(await found(values, [3]), `w${dtype}`);
    assertEquals(await found(values.slice(0, 2), [2]), undefined);
  }
});

Deno.test("a header of a million values, deep nesting, keys twice or pipes is refused at once", async () => {
  const w = `"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`;
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  const many = Array.from({ length: 200_000 }, (_, n) => w.replace("w", `t${n}`)).join();
  const cases: [string, string][] = [
    [`{${w},"x":${deep}}`, "its header is nested deeper than 3"],
    [
      `{${w},"x":{"dtype":"F32","shape":[${"0.5,".repeat(2_000_000)}0]}}`,
      "more than 600000 values",
    ],
    [`{${many}}`, "its header has more than 600000 values"],
    [`{${w},"\\u0077":3}`, `its header has the key "w" twice`],
    [`{"w":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}`, `the key "shape" twice`],
    [`{"${"x".repeat(5000)}\\u001b[2J\\n":[0]}`, "is described by [0]"],
  ];
  for (const [header, message] of cases) {
    const said = await messageOf(craft(header, 0));
    assertStringIncludes(said, message);
    assertMatch(said, /^[^\p{Cc}]{1,399}$/u);
  }
  if (Deno.build.os === "windows") return;
  const pipe = `${directory}/pipe`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  await assertRejects(() => SafetensorsFile.open(pipe), CheckpointError, "it is not a file");
  await assertRejects(() => SafetensorsFile.open("/dev/zero"), CheckpointError, "not a file");
  await Deno.remove(pipe);
});
