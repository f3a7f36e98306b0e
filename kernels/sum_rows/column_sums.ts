/**
 * Sums over rows that are added to gradients, in two levels. The first level sums blocks of rows into
 * partials; the second adds the partials of all such sums of a part of the derivative in one launch.
 * Each level has a fixed order.
 *
 * @module
 */
import { bytesPer, type DType, type Recorder, Tensor } from "@transformer-xl/runtime/core";
import { itemWidth } from "../shared/items/item_width.ts";
import { BLOCK_SUMS, COLUMN_SUMS } from "./kernels.ts";
import { TABLE_COLUMNS, TABLE_FIELDS } from "./table.ts";

/** Rows of a block. */
export const SUM_BLOCK = 32;

/** Partial sums of one matrix, [blocks, columns]. */
export interface Partials {
  /** float32 memory that all partials of a part of the derivative share, up to the end of these. */
  readonly memory: Tensor;
  /** First element. */
  readonly at: number;
  /** Rows. */
  readonly blocks: number;
  /** Columns. */
  readonly columns: number;
}

/** A sum that waits for the second level. */
interface ColumnSum {
  readonly partials: Partials;
  readonly gradient: Tensor;
}

/** What has been recorded since the last second level. */
interface Pending {
  memory: Tensor | undefined;
  readonly sums: ColumnSum[];
}

const PENDING = new WeakMap<Recorder, Pending>();

/** Partials begin at multiples of this, so that vectors of four may be stored. */
const ALIGNMENT = 4;

/** Lanes of a column in the second level. */
const COLUMN_LANES = 8;

/** Room for the partial sums of `rows` rows. */
export function reservePartials(rec: Recorder, rows: number, columns: number): Partials {
  const pending = pendingOf(rec);
  const blocks = Math.ceil(rows / SUM_BLOCK);
  const at = pending.memory?.size ?? 0;
  const end = at + Math.ceil(blocks * columns / ALIGNMENT) * ALIGNMENT;
  pending.memory = pending.memory === undefined
    ? rec.temporary([end], "f32", "column_sums.partials")
    : rec.extended(pending.memory, end);
  return { memory: pending.memory, at, blocks, columns };
}

/** Records the first level of `sum over r of x[r, c]`, x: [R, C]. */
export function launchBlockSums(rec: Recorder, x: Tensor): Partials {
  const [rows, columns] = x.shape as [number, number];
  const partials = reservePartials(rec, rows, columns);
  const width = itemWidth(columns);
  rec.launch({
    kernel: BLOCK_SUMS[width],
    operands: { x, partials: partials.memory },
    scalars: { rows, columns: columns / width, block: SUM_BLOCK, at: partials.at / width },
    threads: [columns / width, partials.blocks],
  });
  return partials;
}

/**
 * Records `gradient[c] += sum over b of partials[b, c]`: at the end of the part of the derivative that
 * is being recorded if the gradient is that of a parameter, which nothing reads before, else at once.
 */
export function addColumnSums(rec: Recorder, partials: Partials, gradient: Tensor): void {
  const pending = pendingOf(rec);
  if (pending.sums.some((sum) => overlap(sum.gradient, gradient))) recordColumnSums(rec, pending);
  pending.sums.push({ partials, gradient });
  if (gradient.range.kind === "plan") recordColumnSums(rec, pending);
  else rec.atEnd(PENDING, () => recordColumnSums(rec, pendingOf(rec)));
}

/**
 * Records the second level of partials: added to `gradient` where there is one, else as a value.
 *
 * @returns the value; undefined where it is added
 */
export function columnSums(
  rec: Recorder,
  partials: Partials,
  gradient: Tensor | undefined,
  dtype: DType,
): Tensor | undefined {
  if (gradient !== undefined) {
    addColumnSums(rec, partials, gradient);
    return undefined;
  }
  const value = rec.temporary([partials.columns], dtype, "column_sums");
  rec.clear(value);
  addColumnSums(rec, partials, value);
  return value;
}

function pendingOf(rec: Recorder): Pending {
  let pending = PENDING.get(rec);
  if (pending === undefined) PENDING.set(rec, pending = { memory: undefined, sums: [] });
  return pending;
}

function overlap(a: Tensor, b: Tensor): boolean {
  return memoryOf(a) === memoryOf(b) && startOf(a) < startOf(b) + b.size &&
    startOf(b) < startOf(a) + a.size;
}

function memoryOf({ range }: Tensor): unknown {
  return range.kind === "plan" ? range.buffer : range.storage;
}

function startOf({ range }: Tensor): number {
  return range.kind === "plan" ? 0 : range.offset;
}

/** Records the second level of all sums that wait; partials reserved later lie in other memory. */
function recordColumnSums(rec: Recorder, pending: Pending): void {
  pending.memory = undefined;
  for (const group of bindableGroups(rec, pending.sums.splice(0))) {
    const memory = group.map(({ partials }) => partials.memory)
      .reduce((longest, other) => other.size > longest.size ? other : longest);
    const elements = group.reduce(
      (sum, { partials: { blocks, columns } }) => sum + blocks * columns,
      0,
    );
    const cost = { flops: elements, bytes: 4 * elements };
    rec.node("column_sums", { inputs: { memory }, cost }, () => {
      launchColumnSums(rec, memory, group);
    });
  }
}

/** Sums of one memory whose gradients lie in one range that can be bound. */
function bindableGroups(rec: Recorder, sums: readonly ColumnSum[]): ColumnSum[][] {
  const groups: ColumnSum[][] = [];
  const sorted = sums.toSorted((a, b) => startOf(a.gradient) - startOf(b.gradient));
  for (const sum of sorted) {
    const group = groups.find(([first]) => {
      const { gradient, partials: { memory } } = first!;
      const end = startOf(sum.gradient) + sum.gradient.size;
      return memoryOf(memory) === memoryOf(sum.partials.memory) &&
        memoryOf(gradient) === memoryOf(sum.gradient) &&
        gradient.dtype === sum.gradient.dtype &&
        (end - startOf(gradient)) * bytesPer(gradient.dtype) <= rec.limits.maxBindingBytes;
    });
    if (group === undefined) groups.push([sum]);
    else group.push(sum);
  }
  return groups;
}

function launchColumnSums(rec: Recorder, partials: Tensor, group: readonly ColumnSum[]): void {
  const [first, last] = [group[0]!.gradient, group.at(-1)!.gradient];
  const start = startOf(first);
  const end = startOf(last) + last.size;
  const sums = new Tensor([end - start], first.dtype, first.label, first.range);
  const entries = group.flatMap(({ partials: { at, blocks, columns }, gradient }) =>
    Array.from({ length: Math.ceil(columns / TABLE_COLUMNS) }, (_, i) => {
      const c = i * TABLE_COLUMNS;
      const to = startOf(gradient) - start + c;
      return [at + c, columns, blocks, to, Math.min(TABLE_COLUMNS, columns - c)];
    })
  );
  const values = Uint32Array.from(entries.flat());
  const table = rec.constant("columns", [entries.length, TABLE_FIELDS], "u32", values);
  rec.launch({
    kernel: COLUMN_SUMS,
    operands: { table, partials, sums },
    constants: { LANES: rec.limits.adapterClass === "cpu" ? 1 : COLUMN_LANES },
    workgroups: [entries.length],
  });
}
