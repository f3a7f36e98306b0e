import { assertEquals, assertRejects } from "@std/assert";
import {
  blobSource,
  type ByteSource,
  CheckpointError,
  encodeSafetensors,
  SafetensorsReader,
} from "@transformer-xl/runtime";

const values = Float32Array.from({ length: 1000 }, (_, i) => i / 8);
const pieces = encodeSafetensors([{ name: "w", dtype: "F32", shape: [10, 100], values }]);

Deno.test("a blob is read and verified like a file", async () => {
  using reader = await SafetensorsReader.read(blobSource(new Blob(pieces), "page.safetensors"));
  const { hasChecksum, notFinite } = await reader.verify();
  assertEquals([hasChecksum, notFinite], [true, undefined]);
  assertEquals(await reader.tensor("w", "F32"), values);
  const [row, again] = await Promise.all([reader.bytes("w", 400, 800), reader.bytes("w", 0, 4)]);
  assertEquals(new Float32Array(row.buffer), values.slice(100, 200));
  assertEquals(again, new Uint8Array(4));
});

Deno.test("a damaged blob is refused by its name, and its source is closed", async () => {
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  bytes[bytes.length - 1]! ^= 1;
  using damaged = await SafetensorsReader.read(blobSource(new Blob([bytes]), "page.safetensors"));
  const error = await assertRejects(() => damaged.verify(), CheckpointError);
  assertEquals(error.message.startsWith('Cannot use "page.safetensors": its content'), true);

  let closed = 0;
  const short: ByteSource = {
    ...blobSource(new Blob([bytes.subarray(0, 20)]), "short"),
    close: () => void closed++,
  };
  await assertRejects(
    () => SafetensorsReader.read(short),
    CheckpointError,
    'Cannot read checkpoint "short": it is truncated, 12 of ',
  );
  assertEquals(closed, 1);
});
