/**
 * The worker thread that reads files of sentences while the main thread trains. It handles one
 * request at a time.
 *
 * @module
 */
import { DataError } from "@transformer-xl/runtime";
import type { ReadAnswer, ReadRequest } from "./worker_reader.ts";
import { readSentences } from "./read_sentences.ts";
import { WordVocabulary } from "../vocabulary/word_vocabulary.ts";

/** The used part of the worker's global scope. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ReadRequest>) => void) | null;
  postMessage(answer: ReadAnswer, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
let vocabulary: WordVocabulary | undefined;
let turn: Promise<void> = Promise.resolve();

scope.onmessage = ({ data: request }) => {
  turn = turn.then(async () => {
    if ("vocabulary" in request) {
      const { symbols = [], ...rules } = request.vocabulary;
      vocabulary = new WordVocabulary(symbols, rules);
      return;
    }
    try {
      const { path, chunkBytes } = request;
      const { ids, starts } = await readSentences(path, vocabulary!, chunkBytes);
      scope.postMessage({ list: { ids, starts } }, [ids.buffer, starts.buffer]);
    } catch (error) {
      const { message } = error as Error;
      scope.postMessage({ message, isData: error instanceof DataError }, []);
    }
  });
};
