/**
 * The contract of a group's engines: the next collective operation, and the order of sums.
 *
 * Sums: `values` of n elements are cut into W segments, segment s from floor(s n / W) up to
 * floor((s + 1) n / W). Its sum runs over the processes s + 1, s + 2, ..., s (modulo W), each
 * addition rounded to float32, is multiplied once by 1 / W on process s, rounded again, and copied
 * from there to all others.
 *
 * @module
 */
import { GroupError } from "../base/errors.ts";
import type { ProcessGroup } from "./process_group.ts";

/** The engine of a group. Its operations run one after the other. */
export interface Engine
  extends Pick<ProcessGroup, "rank" | "size" | "allReduceMean" | "broadcast" | "allGather"> {
  /** As {@link ProcessGroup.barrier}; `timeoutMs` replaces the time limit of the engine. */
  barrier(timeoutMs?: number): Promise<void>;
  /** Leaves the group; no call may follow. */
  close(): Promise<void>;
}

/** Time limits of a group. */
export interface GroupLimits {
  /** Time for one operation; undefined waits forever. */
  readonly timeoutMs?: number | undefined;
  /** Time without a heartbeat of the next rank; undefined disables the check. */
  readonly silenceMs?: number | undefined;
}

/** A collective operation. */
export interface Collective {
  /** Its name in messages. */
  readonly kind: "all-reduce" | "broadcast" | "all-gather" | "barrier";
  /** Bytes contributed by this rank. */
  readonly bytes: number;
  /** Source of a broadcast, otherwise 0. */
  readonly root: number;
  /** Number of this operation since the group was opened, from 0. */
  readonly sequence: number;
}

/** Minimum of the length that another rank may send. */
const LEAST_BOUND_BYTES = 64 * 2 ** 20;

/** Maximum ratio of another rank's length to this rank's in an all-gather. */
const MAX_TIMES = 64;

/**
 * Checks a length announced for an all-gather, before memory is allocated for it.
 *
 * @throws {GroupError} naming the length and the bound
 */
export function checkAnnounced(own: number, announced: number, rank: number): number {
  const bound = Math.max(LEAST_BOUND_BYTES, MAX_TIMES * own);
  if (Number.isInteger(announced) && announced >= 0 && announced <= bound) return announced;
  throw new GroupError(
    `Cannot gather from process ${rank}: it announces ${announced} bytes, ` +
      `at most ${bound} are possible beside the ${own} of this process; run the same program on all`,
  );
}

const KINDS = ["all-reduce", "broadcast", "all-gather", "barrier"] as const;

/** Numbers of a header. */
export const HEADER_NUMBERS = 4;

/** Bytes of a header. */
export const HEADER_BYTES = 8 * HEADER_NUMBERS;

/** The header by which ranks compare their next operation. */
export function encodeHeader({ kind, bytes, root, sequence }: Collective): Float64Array<
  ArrayBuffer
> {
  return Float64Array.of(KINDS.indexOf(kind), bytes, root, sequence);
}

/** The operation of a header; undefined for invalid numbers. */
export function decodeHeader(header: Float64Array): Collective | undefined {
  const [kind = -1, bytes = 0, root = 0, sequence = 0] = header;
  const name = KINDS[kind];
  const isWhole = [bytes, root, sequence].every((n) => Number.isSafeInteger(n) && n >= 0);
  return name === undefined || !isWhole ? undefined : { kind: name, bytes, root, sequence };
}

/** "an all-reduce of 16 bytes (operation 3)". */
export function describe({ kind, bytes, root, sequence }: Collective): string {
  const size = kind === "barrier" ? "" : ` of ${bytes} bytes`;
  const from = kind === "broadcast" ? ` from process ${root}` : "";
  const article = kind.startsWith("a") ? "an" : "a";
  return `${article} ${kind}${size}${from} (operation ${sequence})`;
}

/**
 * Checks that another rank calls the same operation.
 *
 * @throws {GroupError} naming both operations
 */
export function checkSame(
  rank: number,
  own: Collective,
  other: number,
  header: Float64Array,
): void {
  const theirs = decodeHeader(header);
  const isSame = theirs !== undefined && theirs.kind === own.kind && theirs.root === own.root &&
    theirs.sequence === own.sequence && (own.kind === "all-gather" || theirs.bytes === own.bytes);
  if (isSame) return;
  const doing = theirs === undefined ? "something unknown" : describe(theirs);
  throw new GroupError(
    `Cannot run ${describe(own)}: process ${rank} is there, process ${other} is at ${doing}; ` +
      "all processes must call the same operations in the same order, with the same flags and texts",
  );
}

/** Elements `[begin, end)` of segment `index`, taken modulo `size`, of `length` elements. */
export function segment(
  length: number,
  size: number,
  index: number,
): { readonly begin: number; readonly end: number } {
  const s = ((index % size) + size) % size;
  return { begin: Math.floor(s * length / size), end: Math.floor((s + 1) * length / size) };
}

/** `target[at + i] += source[i]` for `count` elements. */
export function addInto(
  target: Float32Array,
  at: number,
  source: Float32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) target[at + i]! += source[i]!;
}

/** `target[at + i] = round(target[at + i] + source[i]) * factor` for `count` elements. */
export function addScaledInto(
  target: Float32Array,
  at: number,
  source: Float32Array,
  count: number,
  factor: number,
): void {
  for (let i = 0; i < count; i++) {
    target[at + i] = Math.fround(target[at + i]! + source[i]!) * factor;
  }
}
