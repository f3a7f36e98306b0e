import { assert, assertEquals, assertRejects } from "@std/assert";
import { AtomicFile, sweepTemporaries } from "@transformer-xl/runtime";

const PIECES = 16;
const PIECE_BYTES = 32 << 10;

/** Overwrites one file for ever with contents that are each one repeated byte. */
const ENDLESS_WRITER = `
  import { AtomicFile } from "@transformer-xl/runtime";
  const path = Deno.args[0];
  console.log("ready");
  for (let n = 1;; n = n % 255 + 1) {
    const piece = new Uint8Array(${PIECE_BYTES}).fill(n);
    await using file = await AtomicFile.create(path);
    for (let i = 0; i < ${PIECES}; i++) await file.write(piece);
    await file.commit();
  }
`;

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map((entry) => entry.name).sort();
}

Deno.test("kill -9 at any moment leaves the old file or the new one", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/checkpoint`;
  try {
    await Deno.writeFile(path, new Uint8Array(PIECES * PIECE_BYTES));
    let interrupted = 0;
    for (let round = 0; round < 8; round++) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["eval", ENDLESS_WRITER, path],
        // In the workspace, which resolves the member's name.
        cwd: import.meta.dirname!,
        stdout: "piped",
      }).spawn();
      await child.stdout.getReader().read();
      await new Promise((resolve) => setTimeout(resolve, 5 + 11 * round));
      child.kill("SIGKILL");
      await child.status;

      const bytes = await Deno.readFile(path);
      assertEquals(bytes.length, PIECES * PIECE_BYTES);
      assert(bytes.every((byte) => byte === bytes[0]), "two writes are mixed");
      interrupted += names(directory).length - 1;
      const swept = await sweepTemporaries(directory);
      assert(swept.every((name) => name.startsWith("checkpoint.") && name.endsWith(".tmp")));
      assertEquals(names(directory), ["checkpoint"]);
    }
    assert(interrupted > 0, "no write was interrupted, the rounds are too short");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("AtomicFile is invisible until commit and leaves nothing after a discard", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/a`;
  const text = (s: string) => new TextEncoder().encode(s);
  await Deno.writeTextFile(path, "old");
  {
    await using file = await AtomicFile.create(path);
    await file.write(text("new...."));
    await file.writeAt(3, text(" te"));
    await file.write(text("xt"));
    assertEquals(await Deno.readTextFile(path), "old");
    await file.commit();
  }
  assertEquals(await Deno.readTextFile(path), "new te.xt");
  await assertRejects(async () => {
    await using file = await AtomicFile.create(path);
    await file.write(text("half"));
    throw new Error("stop");
  });
  assertEquals(await Deno.readTextFile(path), "new te.xt");
  assertEquals(names(directory), ["a"]);
  await Deno.mkdir(`${directory}/taken/x`, { recursive: true });
  await assertRejects(async () => {
    await using file = await AtomicFile.create(`${directory}/taken`);
    await file.commit();
  });
  assertEquals(names(directory), ["a", "taken"]);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("sweepTemporaries() keeps the temporaries of living writers and of other machines", async () => {
  const directory = await Deno.makeTempDir();
  const touch = (name: string) => Deno.writeTextFile(`${directory}/${name}`, "");
  await using mine = await AtomicFile.create(`${directory}/mine`);
  const held = names(directory)[0]!;
  const host = /\.([0-9a-f]+)-\d+-\d+\.tmp$/.exec(held)![1]!;
  // Process 1 lives as long as the machine; no process has an id beyond the kernel's limit of 2^22.
  const living = `a.${host}-1-0.tmp`;
  const dead = `a.${host}-4194999-0.tmp`;
  const reused = `a.${host}-${Deno.pid}-999999.tmp`;
  const elsewhere = `a.${(parseInt(host, 16) ^ 1).toString(16)}-4194999-0.tmp`;
  const kept = [held, elsewhere, "notes.tmp", "a.tmp.safetensors"];
  // Windows has no process 1.
  if (Deno.build.os !== "windows") kept.push(living);
  for (const name of [...kept.slice(1), dead, reused]) await touch(name);
  assertEquals(await sweepTemporaries(directory), [dead, reused].sort());
  assertEquals(names(directory), kept.sort());
  await mine.discard();
  await Deno.remove(directory, { recursive: true });
});
