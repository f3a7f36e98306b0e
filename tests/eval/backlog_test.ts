/**
 * The limit on queued work.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Backlog } from "@transformer-xl/eval";

/** The submissions at which a backlog waits for a device that takes `ms` for each of them. */
async function waits(
  submissions: number,
  ms: number,
  { first = 1, drainEvery = Infinity }: { first?: number; drainEvery?: number } = {},
): Promise<number[]> {
  const backlog = new Backlog({ first, largest: 64 });
  const at: number[] = [];
  let queued = 0;
  const wait = () => {
    const endMs = performance.now() + queued * ms;
    while (performance.now() < endMs);
    queued = 0;
    return Promise.resolve();
  };
  for (let n = 1; n <= submissions; n++) {
    queued++;
    await backlog.add(() => {
      at.push(n);
      return wait();
    });
    if (n % drainEvery === 0) await backlog.drain(wait);
  }
  return at;
}

Deno.test("fast work is waited for after 1, 2, 4 ... submissions, up to the given number", async () => {
  assertEquals(await waits(200, 0), [1, 3, 7, 15, 31, 63, 127, 191]);
  assertEquals(await waits(200, 0, { first: 1000 }), [64, 128, 192]);
});

Deno.test("no more slow work is queued than 300 ms take", async () => {
  const at = await waits(6, 200);
  assertEquals(at.slice(0, 2), [1, 3]);
  assert(at.every((n, i) => n - (at[i - 1] ?? 0) <= 2));
});

Deno.test("a wait for another reason counts, and tells the time of a submission", async () => {
  assertEquals(await waits(40, 0, { first: 16, drainEvery: 10 }), []);
  assertEquals((await waits(9, 150, { first: 16, drainEvery: 4 }))[0], 6);
});
