/**
 * Training files that a worker thread reads and encodes, so that no step waits for them.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import type { VocabularyRecord } from "../vocabulary/vocabulary.ts";
import type { WordVocabulary } from "../vocabulary/word_vocabulary.ts";
import type { CountedFile } from "./files/counted_files.ts";
import type { SentenceList } from "./sentence_list.ts";
import type { SentenceFiles } from "./shuffled_sentences.ts";

/** What the worker is told: first its vocabulary, then files. */
export type ReadRequest =
  | { readonly vocabulary: VocabularyRecord }
  | { readonly path: string; readonly chunkBytes: number };

/** Its answer to a file. */
export type ReadAnswer =
  | { readonly list: SentenceList }
  | { readonly message: string; readonly isData: boolean };

const CHUNK_BYTES = 1 << 20;

interface Pending {
  resolve(list: SentenceList): void;
  reject(error: unknown): void;
}

/** The reader of a training text. The thread starts with the first file. */
export class WorkerReader implements SentenceFiles {
  /** The files. */
  readonly files: readonly CountedFile[];
  readonly #vocabulary: WordVocabulary;
  readonly #pending: Pending[] = [];
  #worker: Worker | undefined;

  constructor(files: readonly CountedFile[], vocabulary: WordVocabulary) {
    this.files = files;
    this.#vocabulary = vocabulary;
  }

  /**
   * Reads file `n`. Files are read one after the other.
   *
   * @throws {DataError} when it cannot be read
   */
  read(n: number): Promise<SentenceList> {
    const worker = this.#worker ??= this.#start();
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      send(worker, { path: this.files[n]!.path, chunkBytes: CHUNK_BYTES });
    });
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#failAll(new Error("The reader of sentences was closed"));
  }

  #start(): Worker {
    const worker = new Worker(new URL("./read_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<ReadAnswer>) => {
      const { resolve, reject } = this.#pending.shift()!;
      if ("list" in data) resolve(data.list);
      else reject(data.isData ? new DataError(data.message) : new Error(data.message));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#failAll(event.error ?? new Error(event.message));
    };
    send(worker, { vocabulary: this.#vocabulary.toJSON() });
    return worker;
  }

  #failAll(error: unknown): void {
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}

function send(worker: Worker, request: ReadRequest): void {
  worker.postMessage(request);
}
