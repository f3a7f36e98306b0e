/**
 * What the processes of a job tell the launcher: lines of JSON over one connection per process. The
 * launcher says nothing; that the connection is open says that it lives.
 *
 * @module
 */

/** Environment variable with the address of the launcher: a path, or host:port on Windows. */
export const LAUNCHER_VARIABLE = "TXL_LAUNCHER";

/** Environment variable with the time between two heartbeats. */
export const HEARTBEAT_VARIABLE = "TXL_HEARTBEAT_MS";

/** Environment variable with the private folder of the job. */
export const FOLDER_VARIABLE = "TXL_RING_DIR";

/** `own`: the trouble began in this process; `echo`: it only lost a process that ended earlier. */
export type FailureOrigin = "own" | "echo";

/** Why a process ends, in its own words. */
export interface Failure {
  /** Whether the trouble began here. */
  readonly origin: FailureOrigin;
  /** One sentence. */
  readonly sentence: string;
}

/** One line; the first of a connection is the rank. */
export type RankMessage =
  | { readonly kind: "join"; readonly rank: number }
  | { readonly kind: "beat" }
  | ({ readonly kind: "failure" } & Failure);

/** The bytes of one line. */
export function encodeMessage(message: RankMessage): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(message)}\n`);
}

/** Opens a connection to a launcher. */
export function connectTo(address: string): Promise<Deno.Conn> {
  if (address.startsWith("/")) return Deno.connect({ transport: "unix", path: address });
  const [hostname = "", port = ""] = address.split(":");
  return Deno.connect({ hostname, port: Number(port) });
}
