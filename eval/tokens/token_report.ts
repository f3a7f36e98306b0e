/**
 * Report of every token: lines in the log, and files.
 *
 * @module
 */
import type { SegmentSource, TokenSequence } from "@transformer-xl/model";
import type { TextLog } from "@transformer-xl/runtime";
import type { RankingScorer } from "../scorers/scorer.ts";
import { TokenFiles } from "./token_files.ts";
import { tokenLine, tokenTitle } from "./token_lines.ts";
import type { PageFacts } from "./token_page.ts";
import { type TokenSymbols, TokenTable } from "./token_table.ts";

/** The tables of an evaluation, the scorer that fills them, and their files. */
export class TokenReport implements AsyncDisposable {
  /** The scorer of all texts. The caller owns it. */
  readonly scorer: RankingScorer;
  readonly #files: TokenFiles | undefined;
  readonly #symbols: TokenSymbols | undefined;
  readonly #tables: TokenTable[] = [];
  #printed = 0;

  private constructor(
    scorer: RankingScorer,
    files: TokenFiles | undefined,
    symbols: TokenSymbols | undefined,
  ) {
    this.scorer = scorer;
    this.#files = files;
    this.#symbols = symbols;
  }

  /**
   * Begins the files and opens the scorer.
   *
   * @param options.base path of the files without ending; undefined for none
   * @param options.symbols undefined where ids have none
   * @throws {ConfigError} when the folder cannot be written
   * @throws {DeviceError} when memory is short
   */
  static async open(
    openScorer: () => Promise<RankingScorer>,
    { base, symbols }: {
      readonly base: string | undefined;
      readonly symbols: TokenSymbols | undefined;
    },
  ): Promise<TokenReport> {
    await using stack = new AsyncDisposableStack();
    const files = base === undefined ? undefined : stack.use(await TokenFiles.create(base));
    const scorer = await openScorer();
    stack.move();
    return new TokenReport(scorer, files, symbols);
  }

  /** Begins a text. */
  begin(name: string, ids: TokenSequence): TokenTable {
    const table = new TokenTable(name, ids, this.#symbols);
    this.#tables.push(table);
    return table;
  }

  /** Begins a text that is cut into columns: returns what takes every segment after its loss. */
  beginStream({ name, ids }: { readonly name: string; readonly ids: TokenSequence }): (
    batches: SegmentSource,
    index: number,
  ) => void {
    const table = this.begin(name, ids);
    return (batches, index) => table.addSegment(batches, index, this.scorer.scores);
  }

  /** Prints the tokens of the texts since the last call. */
  print(log: TextLog): void {
    for (const table of this.#tables.slice(this.#printed)) {
      log.result(tokenTitle(table));
      for (const score of table) log.result(tokenLine(score));
    }
    this.#printed = this.#tables.length;
  }

  /** Writes the files of all texts, and a line about them. */
  async save(facts: PageFacts, log: TextLog): Promise<void> {
    const paths = await this.#files?.save(facts, this.#tables);
    if (paths !== undefined) log.write(`scores of tokens : ${paths.join(", ")}`);
  }

  /** Discards files that were not saved. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files?.[Symbol.asyncDispose]();
  }
}
