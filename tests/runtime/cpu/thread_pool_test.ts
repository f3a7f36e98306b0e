/**
 * Tests of the threads of the CPU: shared memory, and items that are computed once each.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  coresOfRank,
  CpuDevice,
  cpuThreads,
  ONE_THREAD,
  SharedMemory,
  ThreadPool,
  type Threads,
} from "@transformer-xl/runtime";
import { assemble, f32, f64, i32, type VectorCode, vectorCode } from "@transformer-xl/runtime/wasm";

/** Adds 1 to word `item` of y, and stores the thread's scratch address beside it. */
const COUNT = vectorCode<"y", never>({
  extra: [],
  split: () => ({ items: 0 }),
  emit(f, { at, item, scratch }) {
    const address = f.int(i32.add(at.y, i32.shl(item, 3)));
    f.store(address, i32.add(i32.load(address), 1));
    f.store(address, scratch, 4);
  },
});

/** A launch of a code with one operand: addresses of module, arguments and operand. */
function place(memory: SharedMemory, code: VectorCode, words: number) {
  const bytes = assemble(code, { operands: ["y"], numbers: [] });
  const module = memory.allocate(4 + bytes.length)!;
  const launch = memory.allocate(4)!;
  const y = memory.allocate(4 * words)!;
  const { buffer } = memory;
  new Uint32Array(buffer, module, 1)[0] = bytes.length;
  new Uint8Array(buffer, module + 4, bytes.length).set(bytes);
  new Uint32Array(buffer, launch, 1)[0] = y;
  return { module, launch, y: new Uint32Array(buffer, y, words) };
}

Deno.test("threads compute every item once, together with the caller", async () => {
  const memory = new SharedMemory();
  using pool = new ThreadPool(memory, cpuThreads(3));
  pool.open(2);
  pool.open(7); // as many as there may be
  assertEquals(pool.count, 3);
  const items = 1000;
  const { module, launch, y } = place(memory, COUNT, 2 * items);
  const computed = new Set<number>();
  let runs = 0;
  for (const endMs = Date.now() + 20_000; computed.size < 3 && Date.now() < endMs;) {
    pool.run(module, launch, items);
    runs++;
    for (let item = 0; item < items; item++) {
      assertEquals(y[2 * item], runs);
      computed.add(y[2 * item + 1]!);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(computed.size, 3, "threads that took part");
});

Deno.test("an item that fails is an error of the run", () => {
  const memory = new SharedMemory();
  const trap = vectorCode<"y", never>({
    extra: [],
    split: () => ({ items: 0 }),
    emit: (f) => f.store(i32.const(-4), f32.demote(f64.const(1))), // beyond all memory
  });
  const { module, launch } = place(memory, trap, 1);
  using pool = new ThreadPool(memory, cpuThreads(2));
  assertThrows(() => pool.run(module, launch, 1), WebAssembly.RuntimeError);
  pool.open(2);
  assertThrows(() => pool.run(module, launch, 50), Error, "an item of a launch failed");
});

Deno.test("freed memory is used again, zeroed, and neighbours are joined", () => {
  const memory = new SharedMemory();
  const [a, b, c] = [100, 100, 100].map((bytes) => memory.allocate(bytes)!) as [
    number,
    number,
    number,
  ];
  new Uint8Array(memory.buffer, a, 100).fill(7);
  memory.free(a, 100);
  memory.free(b, 100);
  const joined = memory.allocate(200)!;
  assertEquals(joined, a);
  assert(new Uint8Array(memory.buffer, joined, 200).every((byte) => byte === 0));
  assert(memory.allocate(100)! > c);
  const large = memory.allocate(3_000_000)!;
  assertEquals(new Uint8Array(memory.buffer, large, 3_000_000).length, 3_000_000);
});

Deno.test("memory beyond 4 GiB is refused", () => {
  assertEquals(new SharedMemory().allocate(2 ** 32), undefined);
});

Deno.test("a device says once that its memory is beyond the reach of vector code", () => {
  const said: string[] = [];
  using device = new CpuDevice(ONE_THREAD, (sentence) => said.push(sentence));
  const half = [2 ** 29 - 1024]; // 2 GiB, of which no page is touched
  using _first = device.state("first", half);
  assertEquals(said, []);
  using _second = device.state("second", half);
  using _third = device.state("third", half);
  assertEquals(said.length, 1);
  assertMatch(said[0]!, /^device: the 4 GiB of WebAssembly are exhausted; .* plain loops/);
});

Deno.test("ranks of a machine divide its cores, and one thread starts none", () => {
  assertEquals([1, 2, 3, 16].map((localSize) => coresOfRank({ localSize }, 8)), [8, 4, 2, 1]);
  const one: Threads = cpuThreads(1);
  assertThrows(
    () => one.start({ memory: new SharedMemory().memory, control: 0, scratch: 0 }),
    TypeError,
    "one thread",
  );
});
