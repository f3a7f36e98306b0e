/**
 * Texts for tests of byte pairs: awkward strings, and a mebibyte of words, numbers, marks, white space
 * and characters of all planes.
 *
 * @module
 */
import { seededRandom } from "../../../support/small_run.ts";

const SYLLABLES =
  "the re in on an er at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur"
    .split(" ");

/** Draws one character of a class by a number in [0, 1). */
const CLASSES: readonly ((draw: number) => number)[] = [
  (draw) => 0x20 + draw * 95, // ASCII
  (draw) => 0x30 + draw * 10, // digits
  () => 0x20,
  () => 0x0a,
  (draw) => 0x09 + draw * 5, // control white space
  (draw) => 0x1c + draw * 4, // white space of Python alone
  () => 0x85,
  () => 0xa0,
  () => 0xfeff, // white space of JavaScript alone
  (draw) => 0x2000 + draw * 0x30, // wide spaces and marks
  () => 0x3000,
  (draw) => 0x300 + draw * 112, // combining marks
  (draw) => 0x400 + draw * 256, // Cyrillic
  (draw) => 0x4e00 + draw * 5000, // Han
  (draw) => 0x1f600 + draw * 80, // emoji
  (draw) => draw * 0xd800, // any of the first plane
  (draw) => 0xe000 + draw * 0x102000, // any other
];

/** A mebibyte of UTF-16 code units that depends on nothing. */
export function mixedText(length = 1 << 20): string {
  const random = seededRandom(1);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const parts: string[] = [];
  for (let units = 0; units < length; units += parts.at(-1)!.length) {
    const isWord = random() < 0.8;
    const part = isWord
      ? ` ${Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(SYLLABLES)).join("")}`
      : String.fromCodePoint(Math.floor(pick(CLASSES)(random())));
    parts.push(part);
  }
  return parts.join("");
}

/** Strings at the edges of the rules, with their ids by tiktoken 1.0.22 (`r50k_base`). */
export const AWKWARD: readonly (readonly [text: string, ids: readonly number[]])[] = [
  ["", []],
  [" ", [220]],
  ["  ", [220, 220]],
  ["\n", [198]],
  ["\n\n", [628]],
  [" \n \t\n", [220, 198, 220, 197, 198]],
  ["a", [64]],
  [" a", [257]],
  ["a ", [64, 220]],
  ["  a  b  ", [220, 257, 220, 275, 220, 220]],
  ["Hello world", [15496, 995]],
  ["hello  world", [31373, 220, 995]],
  ["it's I'd we'll they've you're can't I'm", [
    270,
    338,
    314,
    1549,
    356,
    1183,
    484,
    1053,
    345,
    821,
    460,
    470,
    314,
    1101,
  ]],
  ["IT'S 'S ' s 'x''t", [2043, 6, 50, 705, 50, 705, 264, 705, 87, 7061, 83]],
  ["don’t", [9099, 447, 247, 83]],
  ["1234567890", [10163, 2231, 30924, 3829]],
  [" 12 345", [1105, 39937]],
  ["½ ² Ⅷ ٣", [23141, 1587, 110, 2343, 227, 100, 18923, 96]],
  ["a1b2", [64, 16, 65, 17]],
  ["!!!???", [10185, 28358]],
  [" !! ", [37867, 220]],
  ["foo.bar(baz)", [21943, 13, 5657, 7, 65, 1031, 8]],
  ["<|endoftext|>", [50256]],
  ["a<|endoftext|>b", [64, 50256, 65]],
  ["a <|endoftext|> b", [64, 220, 50256, 275]],
  ["<|endoftext|><|endoftext|>", [50256, 50256]],
  ["<|endoftext", [27, 91, 437, 1659, 5239]],
  ["madeupword000000000", [9727, 929, 4775, 10535, 830]],
  ["naïve café", [2616, 38776, 40304]],
  ["e\u0301", [68, 136, 223]],
  ["Привет, мир", [140, 253, 21169, 18849, 38857, 16843, 20375, 11, 12466, 120, 18849, 21169]],
  ["你好，世界", [19526, 254, 25001, 121, 171, 120, 234, 10310, 244, 45911, 234]],
  ["こんにちは", [46036, 22174, 28618, 2515, 94, 31676]],
  ["안녕하세요", [168, 243, 230, 167, 227, 243, 47991, 246, 168, 226, 116, 168, 248, 242]],
  ["שלום مرحبا", [50227, 40010, 27072, 147, 251, 47048, 26897, 148, 255, 39848, 12919]],
  ["\u{1f600}\u{1f469}\u200d\u{1f4bb}", [47249, 222, 41840, 102, 447, 235, 8582, 240, 119]],
  ["a\u00a0b", [64, 1849, 65]],
  ["a\u0085b", [64, 126, 227, 65]],
  ["a\u2028b", [64, 447, 101, 65]],
  ["a \ufeffb", [64, 27332, 119, 123, 65]],
  ["\ufeffa", [171, 119, 123, 64]],
  ["a\u200bb", [64, 9525, 65]],
  ["a\u001cb", [64, 216, 65]],
  ["a\r\nb\r\n", [64, 201, 198, 65, 201, 198]],
  ["\0", [188]],
  ["x\u3000\u3000y", [87, 5099, 222, 5099, 222, 88]],
  ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", [
    24794,
    24794,
    24794,
    24794,
    24794,
    24794,
    24794,
    24794,
    24794,
    24794,
  ]],
  ["----------------------------------------", [3880, 982]],
  ["    indented\n\tcode", [220, 220, 220, 773, 4714, 198, 197, 8189]],
  ["https://example.org/a?b=c&d=%20", [
    5450,
    1378,
    20688,
    13,
    2398,
    14,
    64,
    30,
    65,
    28,
    66,
    5,
    67,
    28,
    4,
    1238,
  ]],
];
