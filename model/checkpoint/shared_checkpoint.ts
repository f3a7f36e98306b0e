/**
 * One checkpoint for all ranks of a job. Rank 0 chooses it; ranks that do not find the same file
 * receive it from rank 0.
 *
 * @module
 */
import type { ModelCheckpoint } from "./checkpoint.ts";
import { openCheckpoint } from "./open_checkpoint.ts";
import {
  allSucceed,
  decideOnFirst,
  GroupError,
  isOlder,
  isUserError,
  makeTemporaryFolder,
  messageOf,
  type ProcessGroup,
  writeAll,
} from "@transformer-xl/runtime";
import { createHash } from "node:crypto";

/** A checkpoint with the digest that ranks compare. */
export interface SharedCheckpoint extends Disposable {
  /** The checkpoint, if any. */
  readonly checkpoint: ModelCheckpoint | undefined;
  /** SHA-256 of the whole file, or "none"; computed only with several processes. */
  readonly digest: string;
}

interface Chosen {
  readonly path: string;
  readonly bytes: number;
  readonly digest: string;
}

const FOLDER_PREFIX = "txl-checkpoint-";
const LEFT_OVER_MS = 86_400_000; // since the first piece arrived
const PIECE_BYTES = 16 * 2 ** 20;

/**
 * Opens the checkpoint of rank 0 on all ranks.
 *
 * @param open finds and opens it; on other ranks its result only counts if it is the same file
 * @throws {CheckpointError} where `open` throws it on process 0
 * @throws {GroupError} when a rank can neither find nor receive it
 */
export async function openShared(
  group: ProcessGroup,
  open: () => Promise<ModelCheckpoint | undefined>,
): Promise<SharedCheckpoint> {
  if (group.size === 1) return shared(await open(), "none");
  let own: ModelCheckpoint | undefined;
  const chosen = await decideOnFirst(group, async (): Promise<Chosen | null> => {
    own = await open();
    if (own === undefined) return null;
    const { size: bytes } = await Deno.stat(own.path);
    return { path: own.path, bytes, digest: await digestOf(own.path) };
  });
  if (chosen === null) return shared(undefined, "none");
  if (group.rank > 0) own = await sameFile(open, chosen);
  const missing = await group.allGather(Uint8Array.of(own === undefined ? 1 : 0));
  if (missing.some(([isMissing]) => isMissing === 1)) {
    const received = await receive(group, chosen, own === undefined);
    own ??= received;
  }
  return shared(own, chosen.digest);
}

function shared(checkpoint: ModelCheckpoint | undefined, digest: string): SharedCheckpoint {
  return { checkpoint, digest, [Symbol.dispose]: () => checkpoint?.[Symbol.dispose]() };
}

/** The file of this rank, if it equals that of rank 0. */
async function sameFile(
  open: () => Promise<ModelCheckpoint | undefined>,
  { digest }: Chosen,
): Promise<ModelCheckpoint | undefined> {
  try {
    const own = await open();
    if (own === undefined || await digestOf(own.path) === digest) return own;
    own[Symbol.dispose]();
  } catch (error) {
    // Missing or damaged here; the file of rank 0 is valid.
    if (!isUserError(error) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
  return undefined;
}

/** Broadcasts the file in pieces; all ranks take part, and those that have it discard the data. */
async function receive(
  group: ProcessGroup,
  chosen: Chosen,
  wanted: boolean,
): Promise<ModelCheckpoint | undefined> {
  using source = group.rank === 0 ? await Deno.open(chosen.path) : undefined;
  let failure: unknown;
  const attempt = async (work: () => Promise<void>) => {
    if (!wanted || failure !== undefined) return;
    await work().catch((error) => failure = error);
  };
  let folder: string | undefined;
  let target: Deno.FsFile | undefined;
  try {
    await attempt(async () => {
      folder = await makeTemporaryFolder(FOLDER_PREFIX, (path) => isOlder(path, LEFT_OVER_MS));
      target = await Deno.create(`${folder}/checkpoint.safetensors`);
    });
    for (let at = 0; at < chosen.bytes; at += PIECE_BYTES) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, chosen.bytes - at));
      if (source !== undefined) await readAll(source, piece);
      const bytes = await group.broadcast(piece);
      await attempt(() => writeAll(target!, bytes));
    }
    return await allSucceed(group, async () => {
      if (!wanted) return undefined;
      if (failure !== undefined) throw unreceived(group, chosen, failure);
      target!.close();
      target = undefined;
      const path = `${folder}/checkpoint.safetensors`;
      if (await digestOf(path) !== chosen.digest) {
        throw unreceived(group, chosen, new Error("it changed while it was read"));
      }
      const received = await openCheckpoint(path);
      const kept = Deno.build.os === "windows" ? folder : undefined; // an open file stays there
      if (kept !== undefined) folder = undefined;
      return moved(received, chosen.path, kept);
    });
  } finally {
    target?.close();
    if (folder !== undefined) await Deno.remove(folder, { recursive: true });
  }
}

/** A received checkpoint is named as on rank 0. */
function moved(
  received: ModelCheckpoint,
  path: string,
  folder: string | undefined,
): ModelCheckpoint {
  return {
    path,
    file: received.file,
    verified: received.verified,
    config: received.config,
    vocabulary: received.vocabulary,
    training: received.training,
    trained: received.trained,
    [Symbol.dispose]: () => {
      received[Symbol.dispose]();
      if (folder !== undefined) Deno.removeSync(folder, { recursive: true });
    },
  };
}

function unreceived({ rank }: ProcessGroup, { path, bytes }: Chosen, cause: unknown): GroupError {
  return new GroupError(
    `Cannot receive the checkpoint "${path}" (${bytes} bytes) on process ${rank}: ` +
      `${messageOf(cause)}; put it on a disk that all processes see, or make room in TMPDIR`,
    { cause },
  );
}

async function readAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) return; // shortened meanwhile: the digest detects it
    done += count;
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const count = await file.read(piece);
    if (count === null) return hash.digest("hex");
    hash.update(piece.subarray(0, count));
  }
}
