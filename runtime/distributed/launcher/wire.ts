/**
 * The protocol from ranks to the launcher: lines of JSON over one connection per rank. The launcher
 * sends nothing; an open connection means that it is alive.
 *
 * @module
 */

/** Environment variable with the address of the launcher: a path, or host:port on Windows. */
export const LAUNCHER_VARIABLE = "TXL_LAUNCHER";

/** Time between two heartbeats, unless a launcher asks for less. */
export const BEAT_MS = 1000;

/** Environment variable with the time between two heartbeats. */
export const HEARTBEAT_VARIABLE = "TXL_HEARTBEAT_MS";

/** Environment variable with the private folder of the job. */
export const FOLDER_VARIABLE = "TXL_RING_DIR";

/**
 * `own`: the failure began in this process; `secondary`: it only lost a process that ended earlier;
 * `verdict`: all processes finish their work and return the same code, which is the job's.
 */
export type FailureOrigin = "own" | "secondary" | "verdict";

const ORIGINS: readonly unknown[] = ["own", "secondary", "verdict"] satisfies FailureOrigin[];

/** The reason of a process for ending. */
export interface Failure {
  /** Whether the failure began here. */
  readonly origin: FailureOrigin;
  /** One sentence. */
  readonly sentence: string;
}

/**
 * One line. The first of a connection identifies it: `join` that of the process itself, `beats`
 * that of its heartbeat thread.
 */
export type RankMessage =
  | { readonly kind: "join" | "beats"; readonly rank: number; readonly token: string }
  | { readonly kind: "beat" }
  | ({ readonly kind: "failure" } & Failure);

/** The bytes of one line. */
export function encodeMessage(message: RankMessage): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(message)}\n`);
}

/** The message of a line, with every field checked; undefined for anything else. */
export function parseMessage(line: string): RankMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, rank, token, origin, sentence } = value as Record<string, unknown>;
  if (kind === "beat") return { kind };
  if (kind === "join" || kind === "beats") {
    const isGreeting = Number.isSafeInteger(rank) && typeof token === "string";
    return isGreeting ? { kind, rank: rank as number, token: token as string } : undefined;
  }
  const isFailure = kind === "failure" && ORIGINS.includes(origin) && typeof sentence === "string";
  return isFailure ? { kind, origin: origin as FailureOrigin, sentence } : undefined;
}

/** Opens a connection to a launcher. */
export function connectTo(address: string): Promise<Deno.Conn> {
  if (address.startsWith("/")) return Deno.connect({ transport: "unix", path: address });
  const [hostname = "", port = ""] = address.split(":");
  return Deno.connect({ hostname, port: Number(port) });
}
