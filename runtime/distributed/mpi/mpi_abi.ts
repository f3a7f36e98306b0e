/**
 * The three binary interfaces of MPI: what handles and constants are as numbers. All of them fit a
 * `usize`: Open MPI's are addresses of variables, MPICH's are 32-bit numbers, and those of the ABI
 * that MPI 5 standardises are small numbers in pointers.
 *
 * @module
 */

/** Handles and constants of a library. */
export interface MpiAbi {
  /** MPI_COMM_WORLD. */
  readonly world: bigint;
  /** MPI_FLOAT. */
  readonly float: bigint;
  /** MPI_BYTE. */
  readonly byte: bigint;
  /** MPI_IN_PLACE. */
  readonly inPlace: bigint;
  /** MPI_STATUS_IGNORE. */
  readonly ignoredStatus: bigint;
  /** MPI_THREAD_MULTIPLE. */
  readonly threadMultiple: number;
}

/** MPICH, and with it Intel MPI, Cray MPICH and MVAPICH. */
const MPICH: MpiAbi = {
  world: 0x44000000n,
  float: 0x4c00040an,
  byte: 0x4c00010dn,
  inPlace: 0xffffffffffffffffn,
  ignoredStatus: 1n,
  threadMultiple: 3,
};

/** The standard of MPI 5. */
const STANDARD: MpiAbi = {
  world: 0x101n,
  float: 0x210n,
  byte: 0x247n,
  inPlace: 1n,
  ignoredStatus: 0n,
  threadMultiple: 4096,
};

const OPEN_MPI_VARIABLES = {
  ompi_mpi_comm_world: { type: "pointer" },
  ompi_mpi_float: { type: "pointer" },
  ompi_mpi_byte: { type: "pointer" },
} as const;

/** The ABI of a library, from its file name and exported variables. */
export function mpiAbi(path: string): MpiAbi {
  if (/mpi_abi/.test(path.split("/").at(-1)!)) return STANDARD;
  let variables;
  try {
    variables = Deno.dlopen(path, OPEN_MPI_VARIABLES).symbols;
  } catch {
    return MPICH; // the file opens, so only the variables are missing
  }
  const address = (pointer: Deno.PointerValue) => BigInt(Deno.UnsafePointer.value(pointer));
  return {
    world: address(variables.ompi_mpi_comm_world),
    float: address(variables.ompi_mpi_float),
    byte: address(variables.ompi_mpi_byte),
    inPlace: 1n,
    ignoredStatus: 0n,
    threadMultiple: 3,
  };
}
