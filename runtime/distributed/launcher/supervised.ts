/**
 * The rank's side of the launcher connection: a worker thread sends heartbeats, the main thread
 * reports why it ends, and the process never outlives the launcher.
 *
 * @module
 */
import { GroupError, messageOf } from "../../base/errors.ts";
import { writeAll } from "../../files/write_all.ts";
import { dieWithParent } from "./parent_death.ts";
import { TOKEN_VARIABLE } from "../job_token.ts";
import type { HeartbeatOptions } from "./heartbeat_worker.ts";
import {
  BEAT_MS,
  connectTo,
  encodeMessage,
  type FailureOrigin,
  HEARTBEAT_VARIABLE,
  LAUNCHER_VARIABLE,
  type RankMessage,
} from "./wire.ts";

/** The connection to the launcher, until it is disposed or the program exits. */
export interface LauncherLink extends Disposable {
  /**
   * Reports the reason for ending to the launcher; resolves when the launcher can read it.
   *
   * @param origin `own` for a failure of this process, `secondary` for the loss of another one,
   * `verdict` for a code that all processes return
   * @param sentence the cause, without a line break
   */
  reportFailure(origin: FailureOrigin, sentence: string): Promise<void>;
}

const ORPHAN_CODE = 1;

/**
 * Connects to the launcher that started this process. From then on another thread sends heartbeats,
 * and the process exits when the launcher has ended.
 *
 * @param read value of an environment variable
 * @returns undefined when no launcher started this process
 * @throws {GroupError} when the launcher has already ended
 */
export async function joinLauncher(
  read: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Promise<LauncherLink | undefined> {
  const address = read(LAUNCHER_VARIABLE);
  if (address === undefined) return undefined;
  dieWithParent();
  let connection: Deno.Conn;
  try {
    connection = await connectTo(address);
  } catch (cause) {
    throw new GroupError(
      `Cannot join the launcher at "${address}": ${messageOf(cause)}; restart the job`,
      { cause },
    );
  }
  connection.unref();
  let isOpen = true;
  const end = () => {
    if (isOpen) Deno.exit(ORPHAN_CODE); // no process waits for this one
  };
  let queue: Promise<void> = Promise.resolve();
  const send = (message: RankMessage): Promise<void> => {
    queue = queue.then(() => writeAll(connection, encodeMessage(message))).catch(end);
    return queue;
  };
  void connection.read(new Uint8Array(1)).then(end, end); // the launcher has ended
  const rank = Number(read("RANK"));
  const token = read(TOKEN_VARIABLE) ?? "";
  const beatMs = Number(read(HEARTBEAT_VARIABLE) ?? BEAT_MS);
  await send({ kind: "join", rank, token });
  const heartbeats = await startHeartbeats({ address, rank, token, beatMs });
  return {
    reportFailure: (origin, sentence) => send({ kind: "failure", origin, sentence }),
    [Symbol.dispose]: () => {
      isOpen = false;
      heartbeats.terminate();
      connection.close();
    },
  };
}

/** Resolves when the thread has connected. */
async function startHeartbeats(options: HeartbeatOptions): Promise<Worker> {
  const url = new URL("./heartbeat_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const failure = await new Promise<string | null>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<string | null>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      resolve(event.message);
    };
    worker.postMessage(options);
  });
  if (failure === null) return worker;
  worker.terminate();
  throw new GroupError(`Cannot send heartbeats to the launcher: ${failure}; restart the job`);
}
