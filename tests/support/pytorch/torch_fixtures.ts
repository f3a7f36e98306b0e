/**
 * Files that PyTorch saved, with the losses that it computed: `tests/model/pytorch/fixtures`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const FOLDER = new URL("../../model/pytorch/fixtures/", import.meta.url);

/** Path of a file. */
export function torchFixture(name: string): string {
  return fileURLToPath(new URL(name, FOLDER));
}

/** What the script that made them computed. */
export interface TorchGolden {
  /** T: rows of a segment. */
  readonly tgt_len: number;
  /** M: rows of memory. */
  readonly mem_len: number;
  /** [3 T + 1, B]: ids; each row predicts the next one. */
  readonly tokens: readonly (readonly number[])[];
  /** Symbols in id order. */
  readonly vocabulary: readonly string[];
  /** Mean loss in nats of every segment, by file. */
  readonly losses: Readonly<Record<string, readonly number[]>>;
}

/** The golden numbers. */
export function torchGolden(): TorchGolden {
  return JSON.parse(Deno.readTextFileSync(torchFixture("golden.json")));
}
