/**
 * The worker thread that runs the engine of a process group while the main thread waits for the
 * GPU. It handles one request at a time.
 *
 * @module
 */
import type { Engine } from "../collective.ts";
import {
  type EngineOptions,
  type GroupAnswer,
  type GroupRequest,
  type OpenedEngine,
  packError,
} from "./group_messages.ts";
import { MpiEngine } from "../mpi/mpi_engine.ts";
import { openRing } from "../ring/open_ring.ts";

/** The used part of the worker's global scope. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<GroupRequest>) => void) | null;
  postMessage(answer: GroupAnswer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
let engine: Engine | undefined;
let turn: Promise<void> = Promise.resolve();

scope.onmessage = ({ data: request }) => {
  turn = turn.then(async () => {
    try {
      const { result, transfer } = await serve(request);
      scope.postMessage({ result }, transfer);
    } catch (error) {
      scope.postMessage({ error: packError(error) }, []);
    }
  });
};

interface Served {
  readonly result: unknown;
  readonly transfer: Transferable[];
}

async function serve(request: GroupRequest): Promise<Served> {
  switch (request.kind) {
    case "open":
      return { result: await open(request.options), transfer: [] };
    case "allReduceMean": {
      const result = await engine!.allReduceMean(request.values);
      return { result, transfer: [result.buffer] };
    }
    case "broadcast": {
      const result = await engine!.broadcast(request.bytes, request.root);
      return { result, transfer: [result.buffer] };
    }
    case "allGather": {
      const result = await engine!.allGather(request.bytes);
      return { result, transfer: result.map((part) => part.buffer) };
    }
    case "barrier":
      return { result: await engine!.barrier(), transfer: [] };
    case "close":
      return { result: await engine?.close(), transfer: [] };
  }
}

async function open(options: EngineOptions): Promise<OpenedEngine> {
  const { environment, mpiLibrary } = options;
  if (options.backend === "ring") {
    engine = await openRing(environment, options);
    return { mpi: undefined };
  }
  const mpi = MpiEngine.open(environment, options, mpiLibrary);
  engine = mpi;
  return { mpi: { path: mpi.library.path, abortsFromAnyThread: mpi.abortsFromAnyThread } };
}
