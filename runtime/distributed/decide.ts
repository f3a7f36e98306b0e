/**
 * Decisions of a process group: rank 0 decides what depends on its disk, and a failure of one rank
 * before the first step ends all ranks with the same message.
 *
 * @module
 */
import { GroupError, isUserError } from "../base/errors.ts";
import type { Needs } from "../base/need.ts";
import type { ProcessGroup } from "./process_group.ts";

interface Outcome<T> {
  readonly value?: T;
  readonly failure?: string;
  readonly need?: Needs | undefined;
}

/**
 * The decision of rank 0, on all ranks.
 *
 * @param decide runs on rank 0 only; its value is sent as JSON
 * @throws its error on process 0, and a {@link GroupError} with the same message on the others
 */
export async function decideOnFirst<T>(
  group: ProcessGroup,
  decide: () => Promise<T>,
): Promise<T> {
  if (group.size === 1) return await decide();
  let outcome: Outcome<T> = {};
  let own: { readonly error: unknown } | undefined;
  if (group.rank === 0) {
    try {
      outcome = { value: await decide() };
    } catch (error) {
      own = { error };
      outcome = failureOf(error);
    }
  }
  const [first] = await group.allGather(group.rank === 0 ? encode(outcome) : new Uint8Array());
  if (own !== undefined) throw own.error;
  const { value, failure, need } = decode<T>(first!);
  if (failure !== undefined) throw new GroupError(failure, { lostRank: 0, need });
  return value as T;
}

/**
 * Runs `work` on all ranks. If one fails, all fail.
 *
 * @throws its error on the failed rank, and a {@link GroupError} that names that rank on the others
 */
export async function allSucceed<T>(group: ProcessGroup, work: () => Promise<T>): Promise<T> {
  if (group.size === 1) return await work();
  let outcome: Outcome<never> = {};
  let own: { readonly error: unknown } | undefined;
  let value: T | undefined;
  try {
    value = await work();
  } catch (error) {
    own = { error };
    outcome = failureOf(error);
  }
  const all = await group.allGather(encode(outcome));
  if (own !== undefined) throw own.error;
  const outcomes = all.map((bytes) => decode<never>(bytes));
  const rank = outcomes.findIndex(({ failure }) => failure !== undefined);
  if (rank >= 0) {
    dispose(value);
    throw new GroupError(`Cannot continue without process ${rank}: ${outcomes[rank]!.failure}`, {
      lostRank: rank,
      need: outcomes[rank]!.need,
    });
  }
  return value as T;
}

/**
 * Runs `work` on rank 0, then on the others, which find its files on a shared disk.
 *
 * @throws as {@link allSucceed}
 */
export async function firstThenOthers<T>(
  group: ProcessGroup,
  work: () => Promise<T>,
): Promise<T> {
  let first: { readonly value: T } | undefined;
  await decideOnFirst(group, async () => {
    first = { value: await work() };
    return null;
  });
  return await allSucceed(group, async () => first === undefined ? await work() : first.value);
}

function failureOf(error: unknown): Outcome<never> {
  return isUserError(error)
    ? { failure: error.message, need: error.need }
    : { failure: `process failed with ${String(error)}` };
}

function encode(outcome: Outcome<unknown>): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(outcome));
}

function decode<T>(bytes: Uint8Array): Outcome<T> {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function dispose(value: unknown): void {
  if (typeof value === "object" && value !== null && Symbol.dispose in value) {
    (value as Disposable)[Symbol.dispose]();
  }
}
