/**
 * The files of scores of tokens: JSON lines, and a page of HTML.
 *
 * @module
 */
import type { AtomicFile } from "@transformer-xl/runtime";
import { ResultFiles } from "../result_files.ts";
import { tokenRecord } from "./token_lines.ts";
import { PAGE_END, type PageFacts, pageHead, pageText } from "./token_page.ts";
import type { TokenTable } from "./token_table.ts";

/** Characters that are written at once. */
const BUFFER = 1 << 16;

/** Both files while texts are scored. */
export class TokenFiles implements AsyncDisposable {
  readonly #files: ResultFiles;

  private constructor(files: ResultFiles) {
    this.#files = files;
  }

  /**
   * Begins `base`.jsonl and `base`.html.
   *
   * @throws {ConfigError} when the folder cannot be written
   */
  static async create(base: string): Promise<TokenFiles> {
    const files = await ResultFiles.create(base, [".jsonl", ".html"], "scores of tokens");
    return new TokenFiles(files);
  }

  /**
   * Writes the texts.
   *
   * @returns the paths of the files
   */
  async save(facts: PageFacts, tables: readonly TokenTable[]): Promise<readonly string[]> {
    const [records, page] = this.#files.files;
    await writePieces(records!, recordsOf(tables));
    await writePieces(page!, pageOf(facts, tables));
    return await this.#files.commit();
  }

  /** Discards what was not saved. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }
}

/** The page in pieces. */
export function* pageOf(
  facts: PageFacts,
  tables: Iterable<TokenTable>,
): Generator<string, void, undefined> {
  yield pageHead(facts);
  for (const table of tables) yield* pageText(table);
  yield PAGE_END;
}

function* recordsOf(tables: Iterable<TokenTable>): Generator<string, void, undefined> {
  for (const table of tables) {
    for (const score of table) yield tokenRecord(table.name, score);
  }
}

async function writePieces(file: AtomicFile, pieces: Iterable<string>): Promise<void> {
  const encoder = new TextEncoder();
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (text.length < BUFFER) continue;
    await file.write(encoder.encode(text));
    text = "";
  }
  await file.write(encoder.encode(text));
}
