/**
 * Samples on a terminal: the first is printed as it grows, the others after it, each as far as it has
 * grown, then as it grows on.
 *
 * @module
 */
import type { GeneratedToken } from "./generator.ts";

/** Where and what to print. */
export interface SamplePrinterOptions {
  /** Number of samples. */
  readonly samples: number;
  /** Text before every sample. */
  readonly prompt: string;
  /** Writes text. */
  readonly write: (text: string) => void;
}

/** Prints the tokens of several samples one sample after the other. */
export class SamplePrinter {
  readonly #write: (text: string) => void;
  readonly #prompt: string;
  /** Unprinted text of each sample. */
  readonly #texts: string[];
  readonly #ended: boolean[];
  #current = -1;
  #atLineStart = true;

  constructor({ samples, prompt, write }: SamplePrinterOptions) {
    this.#write = write;
    this.#prompt = prompt;
    this.#texts = new Array<string>(samples).fill("");
    this.#ended = new Array<boolean>(samples).fill(false);
  }

  /** Prints the beginning of the first sample. */
  begin(): void {
    this.#startNext();
  }

  /** Prints what a token adds, or keeps it until its sample is printed. */
  push({ sample, text, end }: Pick<GeneratedToken, "sample" | "text" | "end">): void {
    this.#texts[sample] += text;
    this.#ended[sample] = end !== undefined;
    if (sample !== this.#current) return;
    this.#printCurrent();
    while (this.#ended[this.#current] && this.#current + 1 < this.#texts.length) {
      this.#startNext();
    }
  }

  /** Prints what is left of all samples, and ends the line. */
  end(): void {
    while (this.#current + 1 < this.#texts.length) this.#startNext();
    this.#endLine();
  }

  #startNext(): void {
    this.#endLine();
    this.#current++;
    const { length } = this.#texts;
    if (length > 1) {
      this.#print(`${this.#current > 0 ? "\n" : ""}sample ${this.#current + 1} of ${length}:\n`);
    }
    this.#print(this.#prompt);
    this.#printCurrent();
  }

  #printCurrent(): void {
    this.#print(this.#texts[this.#current]!);
    this.#texts[this.#current] = "";
  }

  #endLine(): void {
    if (!this.#atLineStart) this.#print("\n");
  }

  #print(text: string): void {
    if (text === "") return;
    this.#write(text);
    this.#atLineStart = text.endsWith("\n");
  }
}
