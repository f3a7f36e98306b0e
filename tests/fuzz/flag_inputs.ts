/**
 * Hostile command lines and configuration files: names mistyped, abbreviated and repeated, values at
 * and beyond every bound, files that are neither JSON nor YAML.
 *
 * @module
 */
import { flagName } from "@transformer-xl/runtime";

/** Picks from what it is given. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** One element. */
  pick<T>(values: readonly T[]): T;
}

/** Numbers that depend on the seed alone. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let mixed = state ^ state >>> 15;
    mixed = Math.imul(mixed, 0x2c1b3c6d);
    return ((mixed ^ mixed >>> 12) >>> 0) / 2 ** 32;
  };
  return { next, pick: (values) => values[Math.floor(next() * values.length)]! };
}

const WORDS: readonly string[] = [
  ..."0 -1 1 2 3 4 7 8 16 64 192 1024 1048576 1048577 1e9 1e15 1e400 -1e400 1e-400".split(" "),
  ..."NaN Infinity 0x10 1_000 9007199254740993 4294967295 4294967296 0.5 .5 5. +3 -0".split(" "),
  ..."true false none null undefined auto all char word self text adam lamb cosine".split(" "),
  ..."dev_perf tiny wt103-base 2019 head uniform ddp dp O2 apex pytorch train_log.json".split(" "),
  ..."-- - -h2 = == a=b , ,, 1,,2 10,20 1,2,3 3,2,1 [] {} [1,2] __proto__ ../.. --fp16".split(" "),
  ..."/dev/null /proc/self/mem ' \" ` $(id)".split(" "),
  ...["", " ", "\0", "\ud800", "🙂", "a\nb", "\u202e", "\x1b[2J", "١٢", "１２", "3 4"],
  "x".repeat(10_000),
  "9".repeat(500),
];

const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 2, 8, 16, 1.5, -0.5, 1e300, 1e15, 5e9, 2 ** 20, 2 ** 32],
  ...["", "x", "16", "auto", "all", "none", "tiny", "a\0b", "a\nb", "../..", "ddp"],
  ...[[], [1], [5, 10], [10, 5], [0], [[]], {}, { a: 1 }, Array(100).fill(7)],
];

const FILES: readonly string[] = [
  ...["", "{", "[]", "null", "3", '"x"', "{}", "// c\n{}", "{/*c*/}", "{'a':1}", '{"nLayer":1,}'],
  ...["\ufeff{}", '{"nLayer":1e400}', '{"__proto__":{"nLayer":3}}', '{"nLayer":1,"n_layer":2}'],
  ...['{"constructor":1}', '{"toString":1}', '{"cuda":true,"multi_gpu":"ddp"}', '{"varlen":true}'],
  "[".repeat(20_000),
  `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
  `{"nLayer":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
  `{"data":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}`,
];

/** Words of a command line; most names are those of `keys`, or beginnings and misspellings of them. */
export function commandLine(keys: readonly string[], { next, pick }: Random): string[] {
  const words: string[] = [];
  for (let n = Math.ceil(6 * next()); n > 0; n--) {
    const name = misspelled(pick(keys), { next, pick });
    const how = next();
    if (how < 0.35) words.push(`--${name}=${pick(WORDS)}`);
    else if (how < 0.85) words.push(`--${name}`, pick(WORDS));
    else if (how < 0.92) words.push(`--${name}`);
    else words.push(how < 0.96 ? `-${name}` : pick(WORDS));
  }
  return words.filter((word) => word !== "-h" && word !== "--help");
}

function misspelled(key: string, { next, pick }: Random): string {
  const name = flagName(key);
  const how = next();
  if (how < 0.6) return name;
  if (how < 0.7) return name.replaceAll("_", "-");
  if (how < 0.78) return `no_${name}`;
  if (how < 0.84) return name.slice(0, Math.ceil(name.length * next()));
  if (how < 0.88) return key;
  if (how < 0.92) return `${name}${pick(["s", "_", "-", "="])}`;
  if (how < 0.95) return name.toUpperCase();
  return pick(["__proto__", "constructor", "x", "no_", "no_no_fp16", "é", "a".repeat(3000)]);
}

/** Pieces that mean something in YAML. */
const YAML: readonly string[] = [
  ...[
    ":",
    ": ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "<<: *a",
    "<<: [*a, *a]",
    "| ",
    "> ",
    "!!str ",
    "!x ",
    "%Y",
  ],
  ...[
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    "'",
    "#",
    " #",
    "\t",
    "\n",
    "\n---\n",
    "\n  ",
    "\r",
    "\u2028",
    "~",
  ],
];

/** The text of a configuration file in YAML, with sections or not, and a few pieces out of place. */
function yamlText(keys: readonly string[], { next, pick }: Random): string {
  const hasSections = next() < 0.5;
  const indent = hasSections ? "    " : "";
  const settings = () =>
    Array.from({ length: Math.floor(5 * next()) }, () => {
      const key = next() < 0.95 ? flagName(pick(keys)) : pick(WORDS);
      return `${indent}${key}: ${next() < 0.5 ? pick(WORDS) : JSON.stringify(pick(VALUES))}\n`;
    }).join("");
  const text = hasSections
    ? `default:\n  train: &a\n${settings()}  eval:\n${settings()}more:\n  train:\n    <<: *a\n`
    : settings();
  const pieces = [...text];
  for (let n = Math.floor(4 * next()); n > 0; n--) {
    const at = Math.floor(pieces.length * next());
    pieces.splice(at, next() < 0.5 ? 0 : 1, pick(YAML));
  }
  return pieces.join("");
}

/** Text of a configuration file. */
export function configText(keys: readonly string[], { next, pick }: Random): string {
  if (next() < 0.15) return pick(FILES);
  if (next() < 0.5) return yamlText(keys, { next, pick });
  const members = Array.from({ length: Math.floor(5 * next()) }, () => {
    const key = next() < 0.9 ? pick(keys) : pick(["__proto__", "toString", "", "\0", "n-layer"]);
    const value = next() < 0.1 ? "1e400" : JSON.stringify(pick(VALUES));
    return `${JSON.stringify(next() < 0.5 ? key : flagName(key))}:${value}`;
  });
  return `{${members.join(",")}}`;
}
