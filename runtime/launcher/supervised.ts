/**
 * The launched process's side: it is heard once a second, says why it ends, and never outlives the
 * launcher.
 *
 * @module
 */
import { GroupError } from "../errors.ts";
import { messageOf } from "../gpu_adapter.ts";
import { dieWithParent } from "./parent_death.ts";
import {
  connectTo,
  encodeMessage,
  type FailureOrigin,
  HEARTBEAT_VARIABLE,
  LAUNCHER_VARIABLE,
  type RankMessage,
} from "./wire.ts";

/** The connection to the launcher. It does not keep a program running. */
export interface LauncherLink extends Disposable {
  /**
   * Tells the launcher why this process is about to end; resolves when the launcher can read it.
   *
   * @param origin `own` when the trouble began here, `echo` when another process was lost
   * @param sentence the cause, without a line break
   */
  reportFailure(origin: FailureOrigin, sentence: string): Promise<void>;
}

const DEFAULT_BEAT_MS = 1000;
const ORPHAN_CODE = 1;

/**
 * Connects to the launcher that started this process. From then on the event loop of the calling
 * thread sends heartbeats, and the process exits at once when the launcher is gone.
 *
 * @param read value of an environment variable
 * @returns undefined when no launcher started this process
 * @throws {GroupError} when the launcher is gone already
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
      `Cannot join the launcher at "${address}": ${messageOf(cause)}; start the job anew`,
      { cause },
    );
  }
  connection.unref();
  let isOpen = true;
  const end = () => {
    if (isOpen) Deno.exit(ORPHAN_CODE); // nobody waits for this process any more
  };
  let queue: Promise<void> = Promise.resolve();
  const send = (message: RankMessage): Promise<void> => {
    queue = queue.then(() => writeAll(connection, encodeMessage(message))).catch(end);
    return queue;
  };
  void connection.read(new Uint8Array(1)).then(end, end); // the launcher says nothing: it is gone
  await send({ kind: "join", rank: Number(read("RANK")) });
  const beatMs = Number(read(HEARTBEAT_VARIABLE) ?? DEFAULT_BEAT_MS);
  const timer = setInterval(() => void send({ kind: "beat" }), beatMs);
  Deno.unrefTimer(timer);
  return {
    reportFailure: (origin, sentence) => send({ kind: "failure", origin, sentence }),
    [Symbol.dispose]: () => {
      isOpen = false;
      clearInterval(timer);
      connection.close();
    },
  };
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  let left = bytes;
  while (left.length > 0) left = left.subarray(await connection.write(left));
}
