/**
 * The permissions of this process as flags for the processes it starts, which get the same and no
 * more.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

type Kind = "read" | "write" | "net" | "env" | "run" | "ffi" | "sys";

const KINDS: readonly Kind[] = ["read", "write", "net", "env", "run", "ffi", "sys"];

/** Environment variables read by a rank. */
const VARIABLES: readonly string[] = [
  ...["RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"],
  ...["TXL_RING_DIR", "TXL_LAUNCHER", "TXL_HEARTBEAT_MS", "TXL_JOB_TOKEN", "TXL_JOB_TOKEN_FILE"],
  ...["TXL_MPI_LIB", "TORCHELASTIC_USE_AGENT_STORE", "TERM", "PATH", "DRI_PRIME", "INIT_CWD"],
];

/**
 * Flags of `deno run` with the permissions of this process.
 *
 * Deno answers whether a permission is granted as a whole, or for one path, variable or host, but
 * does not list these. So for a partial permission, the parts that the program may need are queried
 * one by one.
 *
 * @param paths files and folders that it may read or write
 * @param query state of a permission
 */
export function ownPermissions(
  paths: readonly string[],
  query: (descriptor: Deno.PermissionDescriptor) => Deno.PermissionStatus,
): string[] {
  const isWhole = (kind: Kind) => {
    const { state, partial } = query({ name: kind });
    return state === "granted" && !partial;
  };
  if (KINDS.every(isWhole)) return ["--allow-all"];
  const flags = KINDS.flatMap((kind) => {
    if (isWhole(kind)) return [`--allow-${kind}`];
    const parts = partsOf(kind, paths).filter(([descriptor]) =>
      query(descriptor).state === "granted"
    );
    const names = [...new Set(parts.map(([, name]) => name.replaceAll(",", ",,")))];
    return names.length === 0 ? [] : [`--allow-${kind}=${names.join(",")}`];
  });
  return [...flags, "--no-prompt"];
}

function partsOf(
  kind: Kind,
  paths: readonly string[],
): readonly (readonly [Deno.PermissionDescriptor, string])[] {
  switch (kind) {
    case "read":
      return [...paths, ...sources()].map((path) => [{ name: kind, path }, path]);
    case "write":
      return paths.map((path) => [{ name: kind, path }, path]);
    case "net":
      return ["127.0.0.1"].map((host) => [{ name: kind, host }, host]);
    case "env":
      return VARIABLES.map((variable) => [{ name: kind, variable }, variable]);
    case "sys":
      return (["hostname", "systemMemoryInfo"] as const).map((part) => [
        { name: kind, kind: part },
        part,
      ]);
    default:
      return []; // a rank starts no program; FFI is queried as a whole
  }
}

/** The folder of this program, with its workers and its own text. */
function sources(): readonly string[] {
  const root = new URL("../../../", import.meta.url);
  return root.protocol === "file:" ? [fileURLToPath(root).replace(/[/\\]$/, "")] : [];
}
