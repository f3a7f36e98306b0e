/**
 * A worker thread that sends heartbeats to the launcher while the main thread is busy. A stopped or
 * swapped-out process sends none.
 *
 * @module
 */
import { writeAll } from "../../files/write_all.ts";
import { connectTo, encodeMessage, type RankMessage } from "./wire.ts";

/** Settings of the heartbeats of a process. */
export interface HeartbeatOptions {
  /** Address of the launcher. */
  readonly address: string;
  /** Number of this process. */
  readonly rank: number;
  /** Secret of the job. */
  readonly token: string;
  /** Time between two heartbeats. */
  readonly beatMs: number;
}

/** The used part of the worker's global scope. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<HeartbeatOptions>) => void) | null;
  postMessage(failure: string | null): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = async ({ data: { address, rank, token, beatMs } }) => {
  try {
    const connection = await connectTo(address);
    const send = (message: RankMessage) => writeAll(connection, encodeMessage(message));
    await send({ kind: "beats", rank, token });
    scope.postMessage(null);
    setInterval(() => void send({ kind: "beat" }).catch(() => {}), beatMs); // the main thread detects the end
  } catch (error) {
    scope.postMessage(String(error));
  }
};
