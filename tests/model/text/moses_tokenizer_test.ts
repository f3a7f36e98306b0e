import { assertEquals } from "@std/assert";
import { tokenizeManual } from "@transformer-xl/model";

/** Text and words as sacremoses 0.0.35 and the reference's marks give them. */
const SENTENCES: readonly (readonly [text: string, words: string])[] = [
  ["recognize speech", "recognize speech"],
  ["Hello, world!", "Hello , world !"],
  [
    "It's 3,500 km (about 2.5 times) north-west of the U.S. border.",
    "It 's 3 @,@ 500 km ( about 2 @.@ 5 times ) north @-@ west of the U.S. border .",
  ],
  [
    `"Don't," he said... [sic] A & B <x> a|b`,
    `" Don 't , " he said ... &#91; sic &#93; A &amp; B &lt; x &gt; a &#124; b`,
  ],
  [
    "In 1,234,567.89 cases, e.g. Mr. Smith's co-op re-use; No. 5 vs. No one.",
    "In 1 @,@ 234 @,@ 567 @.@ 89 cases , e.g. Mr. Smith 's co @-@ op re @-@ use ; No. 5 vs. No one .",
  ],
  ["a-b-c 1-2-3 1.2.3", "a @-@ b-c 1 @-@ 2-3 1 @.@ 2.3"],
  [
    "They're 50% off: $5.00/kg @ 10:30 p.m.",
    "They 're 50 % off : $ 5 @.@ 00 / kg @ 10 : 30 p.m.",
  ],
  ["end.'", "end . '"],
  ["He left. she stayed", "He left. she stayed"],
  ["wait.... what?", "wait .... what ?"],
  [
    "caf\u00e9\u2014na\u00efve \u2019quote\u2019 x\u00b2",
    "caf\u00e9 \u2014 na\u00efve \u2019 quote \u2019 x\u00b2",
  ],
];

for (const [text, words] of SENTENCES) {
  Deno.test(`tokenizeManual() splits ${JSON.stringify(text)} as the reference does`, () => {
    assertEquals(tokenizeManual(text).join(" "), words);
  });
}

Deno.test("tokenizeManual() yields no words for blank text", () => {
  assertEquals(tokenizeManual(""), []);
  assertEquals(tokenizeManual(" \u3000\n\x01"), []);
});

Deno.test("tokenizeManual() drops control characters and collapses white space", () => {
  assertEquals(tokenizeManual("a\x00b \x1c\u2028 c\n"), ["ab", "c"]);
});

Deno.test("tokenizeManual() keeps the dot of a number's abbreviation only before a number", () => {
  assertEquals(tokenizeManual("No. 5"), ["No.", "5"]);
  assertEquals(tokenizeManual("No. Never"), ["No", ".", "Never"]);
});

Deno.test("tokenizeManual() takes every Han character for a word of its own", () => {
  assertEquals(tokenizeManual("\u6f22\u5b57"), ["\u6f22", "\u5b57"]);
});
