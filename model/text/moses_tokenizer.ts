/**
 * Tokeniser of typed sentences for WikiText models: the English rules of the Moses tokenizer, then
 * WikiText's marks for separators inside numbers and compounds (`@.@`, `@,@`, `@-@`).
 *
 * @module
 */
import { splitWords, WHITESPACE_CLASS } from "./vocabulary/whitespace.ts";

// The Moses tables predate the planes above the first and count neither Han nor Hangul as letters
// of an English text: each such character becomes a separate word.
const FOREIGN = String.raw`[\p{Script=Han}\u{ac00}-\u{d7a3}\u{10000}-\u{10ffff}]`;
const ALPHABETIC = String.raw`[\p{Alphabetic}--${FOREIGN}]`;
const ALPHANUMERIC = String.raw`[[\p{Alphabetic}\p{N}]--${FOREIGN}]`;

const SPACES = new RegExp(`[${WHITESPACE_CLASS}]+`, "gu");
const OUTER_SPACES = /^ +| +$/gu;
// deno-lint-ignore no-control-regex -- removing control characters is the rule
const CONTROL = /[\x00-\x1f]/gu;
const SYMBOL = new RegExp(`[^${ALPHANUMERIC}${WHITESPACE_CLASS}.'\`,\\-]`, "gv");
const DOT_RUN = /\.{2,}/gu;
const ONLY_DOTS = /^\.{2,}$/u;
const HAS_ALPHABETIC = new RegExp(ALPHABETIC, "v");
const STARTS_LOWER = /^\p{Lowercase}/u;
const STARTS_WITH_DIGIT = /^[0-9]/u;

type Rule = readonly [pattern: RegExp, replacement: string];

/** A comma stays inside a number only. */
const COMMA_RULES: readonly Rule[] = [
  [/(\P{N}),/gu, "$1 , "],
  [/,(\P{N})/gu, " , $1"],
  [/(\p{N}),$/gu, "$1 , "],
];

/** An apostrophe between letters starts a new word (`It 's`); any other is a separate word. */
const APOSTROPHE_RULES: readonly Rule[] = [
  [new RegExp(`([^${ALPHABETIC}])'([^${ALPHABETIC}])`, "gv"), "$1 ' $2"],
  [new RegExp(`([^${ALPHABETIC}\\p{N}])'(${ALPHABETIC})`, "gv"), "$1 ' $2"],
  [new RegExp(`(${ALPHABETIC})'([^${ALPHABETIC}])`, "gv"), "$1 ' $2"],
  [new RegExp(`(${ALPHABETIC})'(${ALPHABETIC})`, "gv"), "$1 '$2"],
  [/(\p{N})'s/gu, "$1 's"],
];

const TRAILING_DOT_APOSTROPHE = /\.' ?$/u;

/** Escapes that Moses leaves in its output; those of quotes are undone for WikiText. */
const ESCAPES: readonly Rule[] = [
  [/&/gu, "&amp;"],
  [/\|/gu, "&#124;"],
  [/</gu, "&lt;"],
  [/>/gu, "&gt;"],
  [/\[/gu, "&#91;"],
  [/\]/gu, "&#93;"],
];

/** Matches do not overlap: of `a-b-c` only the first hyphen is marked, as in the reference. */
const MARK_RULES: readonly Rule[] = [
  [/(\p{Nd})\.(\p{Nd})/gu, "$1 @.@ $2"],
  [/(\p{Nd}),(\p{Nd})/gu, "$1 @,@ $2"],
  [/([\p{L}\p{N}_])-([\p{L}\p{N}_])/gu, "$1 @-@ $2"],
];

/** Abbreviations that keep their dot. */
const ABBREVIATIONS: ReadonlySet<string> = new Set(
  ("A B C D E F G H I J K L M N O P Q R S T U V W X Y Z Adj Adm Adv Asst Bart Bldg Brig Bros Capt " +
    "Cmdr Col Comdr Con Corp Cpl DR Dr Drs Ens Gen Gov Hon Hr Hosp Insp Lt MM MR MRS MS Maj " +
    "Messrs Mlle Mme Mr Mrs Ms Msgr Op Ord Pfc Ph Prof Pvt Rep Reps Res Rev Rt Sen Sens Sfc Sgt " +
    "Sr St Supt Surg v vs i.e rev e.g Nos Nr Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec")
    .split(" "),
);

/** Abbreviations that keep their dot in front of a number. */
const NUMERIC_ABBREVIATIONS: ReadonlySet<string> = new Set(["No", "Art", "pp"]);

/**
 * The words of `text` as the WikiText corpora write them.
 *
 * @example
 * ```ts
 * import { tokenizeManual } from "@transformer-xl/model";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tokenizeManual("It's 3,500 km."), ["It", "'s", "3", "@,@", "500", "km", "."]);
 * ```
 */
export function tokenizeManual(text: string): string[] {
  let line = text.replace(SPACES, " ").replace(CONTROL, "").replace(OUTER_SPACES, "");
  line = line.replace(SYMBOL, " $& ").replace(DOT_RUN, " $& ");
  line = apply(line, COMMA_RULES);
  line = apply(line, APOSTROPHE_RULES);
  line = splitFinalPeriods(splitWords(line)).join(" ");
  line = line.replace(TRAILING_DOT_APOSTROPHE, " . ' ");
  line = apply(line, ESCAPES);
  return splitWords(apply(line, MARK_RULES));
}

function apply(text: string, rules: readonly Rule[]): string {
  return rules.reduce((result, [pattern, replacement]) => {
    return result.replace(pattern, replacement);
  }, text);
}

/** Splits the dot off every word that ends a sentence rather than an abbreviation. */
function splitFinalPeriods(words: readonly string[]): string[] {
  return words.flatMap((word, i) => {
    if (!word.endsWith(".") || word === "." || ONLY_DOTS.test(word)) return [word];
    const stem = word.slice(0, -1);
    const next = words[i + 1] ?? "";
    const keepsDot = (stem.includes(".") && HAS_ALPHABETIC.test(stem)) ||
      ABBREVIATIONS.has(stem) || STARTS_LOWER.test(next) ||
      (NUMERIC_ABBREVIATIONS.has(stem) && STARTS_WITH_DIGIT.test(next));
    return keepsDot ? [word] : [stem, "."];
  });
}
