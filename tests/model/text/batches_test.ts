import { assertEquals, assertThrows } from "@std/assert";
import { Batches, meanLength, Mt19937, rollShifts, type Segment } from "@transformer-xl/model";
import { ConfigError, DataError } from "@transformer-xl/runtime";

interface IteratorCase {
  readonly n: number;
  readonly batch_size: number;
  readonly tgt_len: number;
  readonly ext_len: number;
  readonly mem_len: number | null;
  readonly ranks: number;
  readonly rank: number;
  readonly start: number;
  readonly n_batch: number;
  readonly segments: readonly {
    readonly data: number[][];
    readonly target: number[][];
    readonly seq_len: number;
    readonly warm: boolean;
  }[];
}

interface RollCase {
  readonly seed: number;
  readonly rows: number;
  readonly after_first: number[][];
  readonly after_second: number[][];
}

const golden: { readonly cases: readonly IteratorCase[]; readonly rolls: readonly RollCase[] } =
  JSON.parse(Deno.readTextFileSync(new URL("../../golden/cases/I1/case.json", import.meta.url)));

function stream(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, id) => id);
}

/** Rows of a time-major array. */
function rowsOf(ids: Uint32Array, columns: number): number[][] {
  const rows = Array.from({ length: ids.length / columns }, (_, row) => row * columns);
  return rows.map((at) => [...ids.subarray(at, at + columns)]);
}

function plain(
  { inputs, targets, targetRows, columns, scored }: Segment,
): IteratorCase["segments"][0] {
  const data = rowsOf(inputs, columns);
  return { data, target: rowsOf(targets, columns), seq_len: targetRows, warm: scored };
}

for (const { segments, ...setting } of golden.cases) {
  Deno.test(`Batches equals the reference with ${JSON.stringify(setting)}`, () => {
    const batches = new Batches(stream(setting.n), {
      batchSize: setting.batch_size,
      tgtLen: setting.tgt_len,
      extLen: setting.ext_len,
      warmupLen: setting.mem_len ?? 0,
      rank: setting.rank,
      ranks: setting.ranks,
    });
    // The reference is given the row of the last segment and goes on after it.
    const start = setting.start === 0 ? 0 : setting.start + setting.tgt_len;
    assertEquals([...batches.segments(start)].map(plain), segments);
    assertEquals(batches.batchCount, setting.n_batch);
    if (start === 0) assertEquals(batches.segmentCount, segments.length);
  });
}

Deno.test("Batches continues from any segment as without an interruption", () => {
  const batches = new Batches(stream(103), {
    batchSize: 4,
    tgtLen: 5,
    extLen: 3,
    warmupLen: 7,
  });
  const all = [...batches.segments()];
  for (const [i, { start }] of all.entries()) {
    assertEquals([...batches.segments(start + batches.tgtLen)], all.slice(i + 1));
  }
});

Deno.test("Batches gives the ranks disjoint columns whose union is one process's", () => {
  const setting = { batchSize: 6, tgtLen: 4, warmupLen: 8 };
  const whole = [...new Batches(stream(103), setting).segments()];
  const parts = [0, 1, 2].map((rank) => {
    return [...new Batches(stream(103), { ...setting, rank, ranks: 3 }).segments()];
  });
  for (const [i, segment] of whole.entries()) {
    const joined = rowsOf(segment.targets, 6).map((_, row) => {
      return parts.flatMap((segments) => rowsOf(segments[i]!.targets, 2)[row]!);
    });
    assertEquals(joined, rowsOf(segment.targets, 6));
  }
});

Deno.test("Batches counts the published numbers of rows and segments", () => {
  // Tokens of WikiText-103; only lengths matter, so the streams need no content.
  const valid = new Batches(new Uint32Array(217_646), {
    batchSize: 16,
    tgtLen: 192,
    warmupLen: 192,
  });
  assertEquals([valid.rows, valid.segmentCount], [13_602 + 192, 72]);
  const test = new Uint32Array(245_569);
  const base = new Batches(test, { batchSize: 16, tgtLen: 64, warmupLen: 640 });
  assertEquals([base.rows, base.segmentCount], [15_348 + 640, 250]);
  assertEquals(new Batches(test, { batchSize: 16, tgtLen: 64 }).segmentCount, 240);
  const large = new Batches(test, { batchSize: 16, tgtLen: 128, warmupLen: 1600 });
  assertEquals([large.rows, large.segmentCount], [15_348 + 1664, 133]);
});

Deno.test("Batches refuses a stream too short for one input and one target row", () => {
  const setting = { batchSize: 4, tgtLen: 5, name: "valid" };
  assertThrows(() => new Batches(stream(7), setting), DataError, `"valid"`);
  assertEquals([...new Batches(stream(8), setting).segments()].length, 1);
});

Deno.test("Batches refuses a rank without columns", () => {
  const setting = { batchSize: 4, tgtLen: 5, ranks: 3, rank: 2 };
  assertThrows(() => new Batches(stream(99), setting), ConfigError, "multiple of 3");
});

Deno.test("Batches refuses a segment that has no target", () => {
  const batches = new Batches(stream(20), { batchSize: 2, tgtLen: 3 });
  assertEquals(batches.segment(8).targetRows, 1);
  for (const row of [-1, 9, NaN]) assertThrows(() => batches.segment(row), RangeError);
});

Deno.test("Mt19937 draws the numbers of C++ std::mt19937", () => {
  const draw = (seed: number, count: number): number[] => {
    const generator = new Mt19937(seed);
    return Array.from({ length: count }, () => generator.next());
  };
  assertEquals(draw(1112, 8), [
    339905540,
    1014708198,
    934252836,
    2454405075,
    1539988327,
    755758305,
    3778195271,
    501825941,
  ]);
  assertEquals(draw(1113, 4), [4213516078, 3088456485, 3527232652, 2129652197]);
  // The C++ standard fixes the 10000th number of the default seed.
  assertEquals(draw(5489, 10_000).at(-1), 4123659995);
});

Deno.test("rollShifts() draws the reference's shifts and adds them up over epochs", () => {
  const setting = { seed: 1111, rows: 403_230, columns: 4 };
  const first = [385_880, 181_518, 372_156, 347_295];
  const second = [165_808, 117_915, 179_842, 194_567];
  assertEquals([...rollShifts({ ...setting, epoch: 0 })], [0, 0, 0, 0]);
  assertEquals([...rollShifts({ ...setting, epoch: 1 })], first);
  const sums = first.map((shift, column) => (shift + second[column]!) % setting.rows);
  assertEquals([...rollShifts({ ...setting, epoch: 2 })], sums);
});

for (const { seed, rows, after_first, after_second } of golden.rolls) {
  Deno.test(`Batches.roll() equals the reference's rotated columns from seed ${seed}`, () => {
    const batches = new Batches(stream(rows * 4), { batchSize: 4, tgtLen: rows - 1 });
    const column = (): number[][] => {
      const { inputs, targets } = batches.segment(0);
      return [...rowsOf(inputs, 4), rowsOf(targets, 4).at(-1)!];
    };
    // Epoch e draws from seed + e. Out of order, because a roll must not depend on earlier ones.
    batches.roll(seed - 1, 2);
    assertEquals(column(), after_second);
    batches.roll(seed - 1, 1);
    assertEquals(column(), after_first);
  });
}

Deno.test("Batches are refused where warm-up leaves nothing to score", () => {
  const cut = (tokens: number) =>
    new Batches(stream(tokens), { batchSize: 2, tgtLen: 4, warmupLen: 6, name: "valid" });
  const message = 'Cannot score "valid" in columns of 4 rows: the first 8 only fill';
  assertThrows(() => cut(8), DataError, message);
  assertEquals([...cut(10).segments()].map(({ scored }) => scored), [false, false, true]);
});

Deno.test("Batches.roll() refuses batches with warm-up rows", () => {
  const batches = new Batches(stream(40), { batchSize: 2, tgtLen: 4, warmupLen: 4 });
  assertThrows(() => batches.roll(1, 1), RangeError);
});

/** Starts and lengths of the segments of an epoch. */
function varied(batches: Batches, seed: number, epoch: number): number[][] {
  batches.vary(seed, epoch);
  return [...batches.segments()].map(({ start, targetRows }) => [start, targetRows]);
}

Deno.test("Batches varies the segments as the reference does with NumPy's generator", () => {
  const published = [190, 194, 188, 188, 190, 193, 190, 184, 194, 196, 92];
  const base = new Batches(stream(2000), { batchSize: 1, tgtLen: 192 });
  const lengths = varied(base, 1111, 1).map(([, length]) => length!);
  assertEquals(lengths, published);
  assertEquals([base.segmentCount, base.batchCount], [11, 11]);

  // Computed with numpy.random.seed, random and normal, one generator for all epochs.
  const short = () => new Batches(stream(60), { batchSize: 1, tgtLen: 8 });
  const epochs = [
    [[0, 6], [6, 15], [21, 5], [26, 23], [49, 10]],
    [[0, 7], [7, 7], [14, 6], [20, 11], [31, 7], [38, 12], [50, 8]], // a row is left over
    [[0, 11], [11, 13], [24, 5], [29, 7], [36, 10], [46, 11], [57, 2]],
  ];
  const batches = short();
  for (const epoch of [1, 2, 3, 2]) assertEquals(varied(batches, 7, epoch), epochs[epoch - 1]);
  assertEquals(varied(short(), 7, 3), epochs[2]); // the epochs before need not be taken
  assertEquals(Math.round(meanLength({ seed: 1111, tgtLen: 192 })), 187);
});

Deno.test("Batches goes on from any segment of varying length, alike on all ranks", () => {
  const cut = (rank: number, ranks: number) => {
    const batches = new Batches(stream(400), { batchSize: 4, tgtLen: 6, extLen: 3, rank, ranks });
    batches.roll(5, 2);
    batches.vary(5, 2);
    return batches;
  };
  const batches = cut(0, 1);
  const all = [...batches.segments()];
  for (const [i, { start, targetRows }] of all.entries()) {
    assertEquals([...batches.segmentsAfter(start)], all.slice(i + 1));
    assertEquals([...batches.segments(start)], all.slice(i));
    assertEquals(batches.numberOf({ start }), i + 1);
    assertEquals(batches.segment(start).targetRows, targetRows);
    assertEquals(all[i + 1]?.start ?? 99, start + targetRows);
  }
  const shares = [0, 1].map((rank) => [...cut(rank, 2).segments()]);
  for (const [i, { targets }] of all.entries()) {
    const rows = shares.map((segments) => rowsOf(segments[i]!.targets, 2));
    assertEquals(rowsOf(targets, 4), rows[0]!.map((row, r) => [...row, ...rows[1]![r]!]));
  }
});

Deno.test("Batches refuses a row where no segment begins, and varying lengths after warm-up", () => {
  const batches = new Batches(stream(60), { batchSize: 1, tgtLen: 8 });
  batches.vary(7, 1);
  for (const row of [1, -1, 59]) {
    assertThrows(() => batches.segment(row), RangeError, "none starts there");
  }
  const warm = new Batches(stream(60), { batchSize: 1, tgtLen: 8, warmupLen: 8 });
  assertThrows(() => warm.vary(7, 1), RangeError, "warm-up rows");
});
