/**
 * The module of a thread that computes items. It ends when the pool is disposed.
 *
 * @module
 */
import { ItemClaims, serve, type ThreadStart } from "./items.ts";

/** The used part of the worker's global scope. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ThreadStart>) => void) | null;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data }) => {
  serve(new ItemClaims(data));
  scope.close();
};
