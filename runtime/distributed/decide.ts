/**
 * Decisions of a process group: rank 0 decides what depends on its disk, and a failure of one rank
 * before the first step ends all ranks with the same message.
 *
 * @module
 */
import { GroupError, isUserError } from "../base/errors.ts";
import type { ProcessGroup } from "./process_group.ts";

interface Outcome<T> {
  readonly value?: T;
  readonly failure?: string;
}

/**
 * What the first process decides, on all of them.
 *
 * @param decide runs on process 0 only; its value travels as JSON
 * @throws its error on process 0, and a {@link GroupError} with the same sentence on the others
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
      outcome = { failure: sentenceOf(error) };
    }
  }
  const [first] = await group.allGather(group.rank === 0 ? encode(outcome) : new Uint8Array());
  if (own !== undefined) throw own.error;
  const { value, failure } = decode<T>(first!);
  if (failure !== undefined) throw new GroupError(failure, { lostRank: 0 });
  return value as T;
}

/**
 * Does `work` on every process at the same time. When one fails, all do.
 *
 * @throws its error where the work failed, and a {@link GroupError} that names the process elsewhere
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
    outcome = { failure: sentenceOf(error) };
  }
  const all = await group.allGather(encode(outcome));
  if (own !== undefined) throw own.error;
  const failures = all.map((bytes) => decode<never>(bytes).failure);
  const rank = failures.findIndex((failure) => failure !== undefined);
  if (rank >= 0) {
    dispose(value);
    throw new GroupError(`Cannot go on without process ${rank}: ${failures[rank]}`, {
      lostRank: rank,
    });
  }
  return value as T;
}

/**
 * Does `work` on the first process, then on the others: what the first one leaves on a shared disk
 * is there for them.
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

function sentenceOf(error: unknown): string {
  return isUserError(error) ? error.message : `process failed with ${String(error)}`;
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
