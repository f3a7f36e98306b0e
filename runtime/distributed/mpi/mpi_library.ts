/**
 * The MPI library of this machine through FFI. Nothing is built; only functions that take integers
 * and buffers are used.
 *
 * @module
 */
import { GroupError, messageOf } from "../../base/errors.ts";
import { type MpiAbi, mpiAbi } from "./mpi_abi.ts";
import type { Launcher } from "../rank_environment.ts";

const INT = "i32";
const HANDLE = "usize";
const BUFFER = "buffer";

const SYMBOLS = {
  MPI_Get_library_version: { parameters: [BUFFER, BUFFER], result: INT },
  MPI_Init_thread: { parameters: [HANDLE, HANDLE, INT, BUFFER], result: INT },
  MPI_Comm_rank: { parameters: [HANDLE, BUFFER], result: INT },
  MPI_Comm_size: { parameters: [HANDLE, BUFFER], result: INT },
  MPI_Isend: { parameters: [BUFFER, INT, HANDLE, INT, INT, HANDLE, BUFFER], result: INT },
  MPI_Irecv: { parameters: [BUFFER, INT, HANDLE, INT, INT, HANDLE, BUFFER], result: INT },
  MPI_Iallgather: {
    parameters: [BUFFER, INT, HANDLE, BUFFER, INT, HANDLE, HANDLE, BUFFER],
    result: INT,
  },
  MPI_Ialltoallv: {
    parameters: [BUFFER, BUFFER, BUFFER, HANDLE, BUFFER, BUFFER, BUFFER, HANDLE, HANDLE, BUFFER],
    result: INT,
  },
  /** With MPI_IN_PLACE as the send buffer. */
  MPI_Iallgatherv: {
    parameters: [HANDLE, INT, HANDLE, BUFFER, BUFFER, BUFFER, HANDLE, HANDLE, BUFFER],
    result: INT,
  },
  MPI_Ibcast: { parameters: [BUFFER, INT, HANDLE, INT, HANDLE, BUFFER], result: INT },
  MPI_Test: { parameters: [BUFFER, BUFFER, HANDLE], result: INT },
  MPI_Abort: { parameters: [HANDLE, INT], result: INT },
  MPI_Finalize: { parameters: [], result: INT },
} as const satisfies Deno.ForeignLibraryInterface;

/** An open library; it stays open until the process ends. */
export interface MpiLibrary {
  /** Its functions. */
  readonly symbols: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  /** Its handles and constants. */
  readonly abi: MpiAbi;
  /** Its version, such as "Open MPI v4.1.4". */
  readonly version: string;
  /** Its path, or a name that the system looks up. */
  readonly path: string;
}

const OPEN_MPI = ["libmpi.so.40", "libmpi.40.dylib"];
const STANDARD = ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.0.dylib"];
const MPICH = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"];

/**
 * Names to try, those that match the launcher first. A library of another family sees a job of one
 * process, which {@link MpiEngine.open} reports.
 */
function candidates(launchedBy: Launcher): readonly string[] {
  const isMpich = launchedBy === "mpich";
  return isMpich ? [...MPICH, ...STANDARD, ...OPEN_MPI] : [...OPEN_MPI, ...STANDARD, ...MPICH];
}

/**
 * Opens the library named `given`, or else one that matches the launcher.
 *
 * @throws {GroupError} when there is none
 */
export function openMpiLibrary(launchedBy: Launcher, given?: string): MpiLibrary {
  const paths = given === undefined ? candidates(launchedBy) : [given];
  let problem = "";
  for (const path of paths) {
    try {
      const { symbols } = Deno.dlopen(path, SYMBOLS);
      return { symbols, path, abi: mpiAbi(path), version: versionOf(symbols) };
    } catch (error) {
      problem = messageOf(error);
    }
  }
  const names = paths.map((path) => `"${path}"`).join(", ");
  throw new GroupError(
    given === undefined
      ? `Cannot use MPI: none of ${names} can be opened; install Open MPI or MPICH ` +
        "(apt-get install openmpi-bin), or name the library in TXL_MPI_LIB"
      : `Cannot use MPI: TXL_MPI_LIB is ${names}, which cannot be opened (${problem.trim()})`,
  );
}

function versionOf(symbols: MpiLibrary["symbols"]): string {
  const text = new Uint8Array(8192); // at least MPI_MAX_LIBRARY_VERSION_STRING everywhere
  const length = new Int32Array(1);
  symbols.MPI_Get_library_version(text, length);
  const [line = ""] = new TextDecoder().decode(text.subarray(0, length[0])).split(/[\n\0,]/);
  return line.replaceAll(/\s+/g, " ").trim();
}

/**
 * Checks what a function of MPI returned.
 *
 * @throws {GroupError} naming the function
 */
export function checkCall(name: string, code: number): void {
  if (code !== 0) throw new GroupError(`Cannot continue: ${name} failed with error ${code}`);
}
