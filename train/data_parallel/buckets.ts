/**
 * Gradient buckets: pieces of the gradient that are exchanged as soon as they are final, in the
 * order in which the backward pass completes them.
 *
 * @module
 */
import type {
  ParameterStore,
  Plan,
  PlanInputs,
  PlanOutputs,
  StorageRange,
} from "@transformer-xl/runtime";

/** A gradient bucket. */
export interface Bucket {
  /** Ranges of the flat gradients, each written by no command after `finalCommand`. */
  readonly ranges: readonly StorageRange[];
  /** Elements of all ranges. */
  readonly length: number;
  /** The last command of the plan that writes into one of them; -1 if none does. */
  readonly finalCommand: number;
}

/** Elements of a bucket: 8 MB of float32, which stay in a processor's cache while they are added. */
export const BUCKET_LENGTH = 2 * 2 ** 20;

interface Piece {
  readonly range: StorageRange;
  readonly finalCommand: number;
}

/**
 * Cuts the gradients of a store into buckets. Every element is in exactly one, the padding between
 * parameters included, so ranges begin and end at whole words in either width.
 *
 * @param plan the recording that writes the gradients last
 * @param longest elements of a bucket
 * @throws {TypeError} when the store was allocated without gradients
 */
export function bucketsOf(
  plan: Pick<Plan<PlanInputs, PlanOutputs>, "lastWrite">,
  store: ParameterStore,
  longest: number = BUCKET_LENGTH,
): Bucket[] {
  const pieces = piecesOf(plan, store, longest).sort((a, b) => a.finalCommand - b.finalCommand);
  const buckets: Bucket[] = [];
  let open: Piece[] = [];
  let length = 0;
  const close = () => {
    if (open.length === 0) return;
    const finalCommand = open.at(-1)!.finalCommand;
    buckets.push({ ranges: joined(open.map(({ range }) => range)), length, finalCommand });
    [open, length] = [[], 0];
  };
  for (const piece of pieces) {
    if (length + piece.range.length > longest) close();
    open.push(piece);
    length += piece.range.length;
  }
  close();
  return buckets;
}

/** Every parameter's gradient with the padding behind it, long ones in several pieces. */
function piecesOf(
  plan: Pick<Plan<PlanInputs, PlanOutputs>, "lastWrite">,
  store: ParameterStore,
  longest: number,
): Piece[] {
  return store.buffers.flatMap(({ gradients: storage, length: end, ranges }) => {
    if (storage === undefined) {
      throw new TypeError("Cannot exchange gradients: the store was allocated without them");
    }
    return ranges.flatMap(({ packed, offset }, n) => {
      const next = ranges[n + 1]?.offset ?? end;
      const finalCommand = plan.lastWrite({ storage, offset, length: packed.size });
      const pieces: Piece[] = [];
      for (let from = offset; from < next; from += longest) {
        const range = { storage, offset: from, length: Math.min(longest, next - from) };
        pieces.push({ range, finalCommand });
      }
      return pieces;
    });
  });
}

/** Neighbouring ranges of one storage as one. */
function joined(ranges: readonly StorageRange[]): StorageRange[] {
  const whole: StorageRange[] = [];
  const order = ranges.toSorted((a, b) => a.offset - b.offset);
  for (const range of order) {
    const at = whole.findIndex(({ storage, offset, length }) =>
      storage === range.storage && offset + length === range.offset
    );
    if (at < 0) whole.push(range);
    else {whole[at] = {
        ...range,
        offset: whole[at]!.offset,
        length: whole[at]!.length + range.length,
      };}
  }
  return whole;
}
