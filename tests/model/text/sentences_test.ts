import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  NumpyRandom,
  type PlacedSegment,
  type Segment,
  SentenceBatches,
  type SentenceFiles,
  type SentenceList,
  SentenceOrder,
  type SentencePosition,
  ShuffledSentences,
  type ShuffledSettings,
} from "@transformer-xl/model";
import { DataError } from "@transformer-xl/runtime";

/** Sentences of distinct ids, between marks 0. */
function distinct(lengths: readonly number[], first = 1): number[][] {
  let id = first;
  return lengths.map((length) => [0, ...Array.from({ length }, () => id++), 0]);
}

function listOf(sentences: readonly (readonly number[])[]): SentenceList {
  const starts = [0];
  for (const { length } of sentences) starts.push(starts.at(-1)! + length);
  return { ids: Uint32Array.from(sentences.flat()), starts: Uint32Array.from(starts) };
}

/** The reference's iterator, in its own terms: whole rows, one stream per column. */
function referenceBatches(
  sentences: readonly (readonly number[])[],
  { columns, length }: { readonly columns: number; readonly length: number },
): { batches: number[][][]; dropped: number } {
  const queue = sentences.map((sentence) => [...sentence]);
  const streams: number[][] = Array.from({ length: columns }, () => []);
  const batches: number[][][] = [];
  for (;;) {
    const inputs = Array.from({ length }, () => new Array<number>(columns).fill(-1));
    const targets = inputs.map((row) => [...row]);
    let filled = 0;
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < length; row++) {
        if (streams[column]!.length <= 1) {
          const next = queue.shift();
          if (next === undefined) {
            const rests = streams.reduce((sum, rest) => sum + Math.max(0, rest.length - 1), 0);
            return { batches, dropped: filled + rests };
          }
          streams[column] = next;
        }
        inputs[row]![column] = streams[column]!.shift()!;
        targets[row]![column] = streams[column]![0]!;
        filled++;
      }
    }
    batches.push([inputs.flat(), targets.flat()]);
  }
}

const LENGTHS = [3, 1, 7, 2, 12, 0, 4, 4, 9, 1, 2, 6, 3, 5, 8, 2];

/** Files of sentences in memory. */
function filesOf(files: readonly (readonly number[][])[]): SentenceFiles {
  return {
    files: files.map((sentences) => ({
      sentences: sentences.length,
      tokens: sentences.flat().length,
    })),
    read: (n) => Promise.resolve(listOf(files[n]!)),
    [Symbol.dispose]() {},
  };
}

const FILES = [distinct(LENGTHS), distinct(LENGTHS.slice(3), 200), distinct(LENGTHS, 400)];

const SETTINGS = { batchSize: 2, tgtLen: 5, seed: 1111, carries: true } as const;

async function take(
  text: ShuffledSentences,
  epochs: number,
  from: { epoch: number; start: number; position: SentencePosition | undefined } = {
    epoch: 1,
    start: 0,
    position: undefined,
  },
): Promise<(PlacedSegment & { readonly epoch: number })[]> {
  const taken = [];
  let { start, position } = from;
  for (let epoch = from.epoch; epoch <= epochs; epoch++, start = 0) {
    for await (const placed of text.epoch(epoch, start, position)) {
      taken.push({ ...placed, epoch });
      position = placed.position();
    }
  }
  return taken;
}

function rowsOf({ segment }: { readonly segment: Segment }): number[][] {
  return [[...segment.inputs], [...segment.targets], [segment.start]];
}

Deno.test("NumpyRandom.shuffle() equals NumPy's, also of one element and none", () => {
  const list = [0, 1, 2, 3, 4, 5, 6, 7];
  new NumpyRandom(1111).shuffle(list);
  assertEquals(list, [6, 3, 0, 2, 7, 1, 5, 4]);
  const single = [5];
  new NumpyRandom(1).shuffle(single);
  assertEquals(single, [5]);
  new NumpyRandom(1).shuffle([]);
});

Deno.test("SentenceOrder draws files, then the sentences of each, from one generator", () => {
  const sentences = [4, 9, 1];
  const random = new NumpyRandom(7);
  const files = [0, 1, 2];
  const wanted: (readonly [number, number[]])[][] = [];
  for (let epoch = 1; epoch <= 3; epoch++) {
    random.shuffle(files); // the order of the epoch before is shuffled again
    wanted.push(files.map((file) => {
      const order = Array.from({ length: sentences[file]! }, (_, n) => n);
      random.shuffle(order);
      return [file, order] as const;
    }));
  }
  const order = new SentenceOrder({ seed: 7, sentences });
  const turn = (epoch: number, n: number) => {
    const { file, order: drawn } = order.turn(epoch, n)!;
    return [file, [...drawn]] as const;
  };
  for (const [epoch, n] of [[1, 0], [1, 1], [1, 2], [2, 0], [3, 2], [3, 0], [1, 1], [2, 1]]) {
    assertEquals(turn(epoch!, n!), wanted[epoch! - 1]![n!]!, `epoch ${epoch} turn ${n}`);
  }
  assertEquals(order.turn(1, 3), undefined);
});

for (const [columns, length] of [[1, 4], [3, 5], [2, 20], [4, 1]] as const) {
  Deno.test(`SentenceBatches equals the reference with ${columns} columns of ${length}`, () => {
    const sentences = distinct(LENGTHS);
    const settings = { batchSize: columns, tgtLen: length };
    const list = listOf(sentences);
    const { batches: wanted, dropped } = referenceBatches(sentences, { columns, length });
    const batches = new SentenceBatches(list, { ...settings, keepsLast: false });
    const found = [...batches.segments()].map(({ inputs, targets }) => [[...inputs], [...targets]]);
    assertEquals(found, wanted);
    assertEquals(batches.segmentCount, wanted.length);
    assertEquals(batches.scoredTokens, wanted.length * columns * length);
    assertEquals(batches.scoredTokens + dropped, list.ids.length - sentences.length);

    for (const [n, [, targets]] of wanted.entries()) {
      assertEquals([...batches.targetPlaces(n)].map((place) => list.ids[place]!), targets!);
    }
    assertEquals([...batches.targetPlaces(0)].map((place) => list.ids[place]!), wanted[0]?.[1]);
    const kept = new SentenceBatches(list, { ...settings, keepsLast: true });
    const rows = [...kept.segments()].slice(0, wanted.length).map((segment) => [...segment.inputs]);
    assertEquals(rows, wanted.map(([inputs]) => inputs!));
    if (columns === 1) assertEquals(kept.scoredTokens, list.ids.length - sentences.length);
    assert(kept.scoredTokens >= batches.scoredTokens);
  });
}

Deno.test("SentenceBatches repeats the last rows of the batch before as extended context", () => {
  const settings = { batchSize: 2, tgtLen: 3, keepsLast: false };
  const plain = [...new SentenceBatches(listOf(distinct(LENGTHS)), settings).segments()];
  const extended = new SentenceBatches(listOf(distinct(LENGTHS)), { ...settings, extLen: 4 });
  const rows = plain.flatMap(({ inputs }) => [...inputs]);
  let end = 0;
  for (const { inputs, targets, rows: count, targetRows } of extended.segments()) {
    end += 6;
    assertEquals([count, targetRows], [Math.min(4, end / 2 - 3) + 3, 3]);
    assertEquals([...inputs], rows.slice(end - count * 2, end));
    assertEquals([...targets], [...plain[end / 6 - 1]!.targets]);
  }
});

Deno.test("SentenceBatches refuses sentences that do not fill a batch", () => {
  const settings = { batchSize: 9, tgtLen: 99, keepsLast: true, name: "valid" };
  const list = listOf(distinct([3]));
  assertThrows(() => new SentenceBatches(list, settings), DataError, `"valid" into 9 columns`);
});

Deno.test("ShuffledSentences loses no pair: columns go on with the next file and epoch", async () => {
  const text = new ShuffledSentences(filesOf(FILES), SETTINGS);
  const segments = await take(text, 3);
  const pairs = segments.flatMap(({ segment: { inputs, targets } }) =>
    [...inputs].map((input, n) => `${input} ${targets[n]}`)
  );
  const wanted = FILES.flat().flatMap((sentence) =>
    sentence.slice(1).map((target, n) => `${sentence[n]} ${target}`)
  );
  const counts = new Map<string, number>();
  for (const pair of pairs) counts.set(pair, (counts.get(pair) ?? 0) + 1);
  const { rests } = segments.at(-1)!.position();
  assert(rests.length === 2);
  // Three epochs: nothing is more often than three times, except what began the fourth.
  const short = wanted.filter((pair) => (counts.get(pair) ?? 0) < 3);
  const pending = rests.reduce((sum, rest) => sum + Math.max(0, rest.length - 1), 0);
  assert(
    short.length <= pending,
    `${short.length} pairs are missing, ${pending} are still to come`,
  );
  assertEquals(text.dropped, 0);
  assertEquals(segments.every(({ segment }) => segment.targetRows === 5), true);
  assertEquals(text.batchCount, Math.ceil(wanted.length / 10));
});

Deno.test("ShuffledSentences drops what the reference drops, and counts it", async () => {
  const settings = { ...SETTINGS, carries: false };
  const text = new ShuffledSentences(filesOf(FILES), settings);
  const found = (await take(text, 1)).map(({ segment }) => [
    [...segment.inputs],
    [...segment.targets],
  ]);
  const random = new NumpyRandom(1111);
  const order = [0, 1, 2];
  random.shuffle(order);
  const wanted: number[][][] = [];
  let dropped = 0;
  for (const file of order) {
    const numbers = [...FILES[file]!.keys()];
    random.shuffle(numbers);
    const shuffled = numbers.map((n) => FILES[file]![n]!);
    const result = referenceBatches(shuffled, { columns: 2, length: 5 });
    wanted.push(...result.batches);
    dropped += result.dropped;
  }
  assertEquals(found, wanted);
  assertEquals(text.dropped, dropped);
  assertEquals(found.length * 10 + dropped, text.pairs);
});

for (
  const options of [{}, { carries: false }, { extLen: 3 }, { rank: 1, ranks: 2 }] satisfies Partial<
    ShuffledSettings
  >[]
) {
  Deno.test(`ShuffledSentences goes on from any segment with ${JSON.stringify(options)}`, async () => {
    const settings = { ...SETTINGS, ...options };
    const whole = await take(new ShuffledSentences(filesOf(FILES), settings), 3);
    for (const [n, { epoch, segment, position }] of whole.entries()) {
      const stored = JSON.parse(JSON.stringify(position())) as SentencePosition;
      const resumed = await take(new ShuffledSentences(filesOf(FILES), settings), 3, {
        ...{ epoch, start: segment.start + 5, position: stored },
      });
      assertEquals(resumed.map(rowsOf), whole.slice(n + 1).map(rowsOf));
    }
  });
}

Deno.test("ShuffledSentences gives the ranks disjoint columns whose union is one process's", async () => {
  const settings = { ...SETTINGS, batchSize: 3, extLen: 2 };
  const whole = await take(new ShuffledSentences(filesOf(FILES), settings), 1);
  const parts: Awaited<ReturnType<typeof take>>[] = [];
  for (const rank of [0, 1, 2]) {
    const text = new ShuffledSentences(filesOf(FILES), { ...settings, rank, ranks: 3 });
    assertEquals(text.firstColumn, rank);
    parts.push(await take(text, 1));
  }
  for (const [n, { segment }] of whole.entries()) {
    const join = (key: "inputs" | "targets") =>
      [...segment[key].keys()].map((i) => parts[i % 3]![n]!.segment[key][Math.floor(i / 3)]);
    assertEquals(join("inputs"), [...segment.inputs]);
    assertEquals(join("targets"), [...segment.targets]);
  }
});

Deno.test("ShuffledSentences refuses a text that fills no batch, and one that changes", async () => {
  const large = { ...SETTINGS, batchSize: 50 };
  assertThrows(
    () => new ShuffledSentences(filesOf(FILES), large),
    DataError,
    "do not fill a batch",
  );
  const each = { ...SETTINGS, batchSize: 18, carries: false };
  assertThrows(() => new ShuffledSentences(filesOf(FILES), each), DataError, "none of its files");
  const files = filesOf(FILES);
  const changed = { ...files, read: () => Promise.resolve(listOf([[0, 1, 0]])) };
  const text = new ShuffledSentences(changed, SETTINGS);
  await assertRejects(() => take(text, 1), DataError, "had 1");
});
