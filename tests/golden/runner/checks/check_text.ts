/**
 * Kinds `iterator` and `vocabulary`: integers and symbols, equal or wrong.
 *
 * @module
 */
import { Batches, rollShifts, WordVocabulary } from "@transformer-xl/model";
import type { RecordOf } from "../case_schema.ts";
import type { Findings } from "../findings.ts";
import { UnsupportedCase } from "../golden_case.ts";

/** Segments, warm-up, ranks and rotation of a stream 0, 1, 2, ... */
export function checkIterator(record: RecordOf<"iterator">, findings: Findings): void {
  record.cases.forEach((setting, c) => {
    const tokens = Uint32Array.from({ length: setting.n }, (_, id) => id);
    const batches = new Batches(tokens, {
      batchSize: setting.batch_size,
      tgtLen: setting.tgt_len,
      extLen: setting.ext_len,
      warmupLen: setting.mem_len ?? 0,
      rank: setting.rank,
      ranks: setting.ranks,
    });
    // A reference that is told where it stopped goes on after that segment.
    const first = setting.start === 0 ? 0 : setting.start + setting.tgt_len;
    const segments = [...batches.segments(first)];
    findings.compareExactly("batch count", `case ${c}`, [batches.batchCount], [setting.n_batch]);
    findings.compareExactly(
      "segment count",
      `case ${c}`,
      [segments.length],
      [setting.segments.length],
    );
    segments.slice(0, setting.segments.length).forEach((segment, s) => {
      const want = setting.segments[s]!;
      const where = `case ${c} segment ${s}`;
      findings.compareExactly("data", where, segment.inputs, want.data.flat());
      findings.compareExactly("target", where, segment.targets, want.target.flat());
      findings.compareExactly("length", where, [segment.targetRows], [want.seq_len]);
      findings.compareExactly("scored", where, [segment.scored], [want.warm]);
    });
  });
  record.rolls.forEach((roll, r) => checkRoll(roll, r, findings));
  if (record.varlen !== undefined) checkVarying(record.varlen, findings);
}

/** Starts and lengths of the segments of the first epoch. */
function checkVarying(
  { rows, seed, tgt_len, segments }: NonNullable<RecordOf<"iterator">["varlen"]>,
  findings: Findings,
): void {
  const batches = new Batches(new Uint32Array(rows), { batchSize: 1, tgtLen: tgt_len });
  batches.vary(seed, 1);
  const got = [...batches.segments()].flatMap(({ start, targetRows }) => [start, targetRows]);
  findings.compareExactly("varlen", "epoch 1", got, segments.flat());
}

/**
 * Columns of a stream 0, 1, 2, ... after one and two rotations. The stored generator seeds are those
 * of the epochs: the seed of the run plus 1 and 2.
 */
function checkRoll(
  roll: RecordOf<"iterator">["rolls"][number],
  r: number,
  findings: Findings,
): void {
  const columns = roll.after_first[0]?.length ?? 0;
  const rotated = (epoch: number) => {
    const shifts = rollShifts({ seed: roll.seed - 1, epoch, rows: roll.rows, columns });
    return Array.from(
      { length: roll.rows },
      (_, row) => Array.from(shifts, (shift, b) => b * roll.rows + (row + shift) % roll.rows),
    ).flat();
  };
  findings.compareExactly("roll", `roll ${r} first`, rotated(1), roll.after_first.flat());
  if (roll.after_second === undefined) return;
  if (roll.second_seed !== undefined && roll.second_seed !== roll.seed + 1) {
    throw new UnsupportedCase(
      `roll ${r} draws its second rotation from seed ${roll.second_seed}, ` +
        `only consecutive epochs are supported`,
    );
  }
  findings.compareExactly("roll", `roll ${r} second`, rotated(2), roll.after_second.flat());
}

/** Symbols in id order, and ids of the whole text. */
export function checkVocabulary(record: RecordOf<"vocabulary">, findings: Findings): void {
  if (record.special.join() !== "<eos>") {
    throw new UnsupportedCase(
      `special symbols ${JSON.stringify(record.special)} are not supported, only ["<eos>"] is`,
    );
  }
  for (const { name, text, lower_case, options, symbols, ids } of record.cases) {
    const where = `${name} ${JSON.stringify({ lower_case, ...options })}`;
    const vocabulary = WordVocabulary.fromText(text, {
      lowerCase: lower_case,
      minFreq: options.min_freq,
      maxSize: options.max_size,
    });
    findings.compareExactly("symbols", where, vocabulary.symbols, symbols);
    if (ids !== undefined) findings.compareExactly("ids", where, vocabulary.encode(text), ids);
  }
}
