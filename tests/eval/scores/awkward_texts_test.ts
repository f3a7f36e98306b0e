/**
 * Awkward texts through every vocabulary: ids, text again, printed as it grows, and scores of tokens.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { pageOf, textStream, TokenTable } from "@transformer-xl/eval";
import {
  BytePairVocabulary,
  ByteVocabulary,
  CharacterVocabulary,
  splitWords,
  TokenizerVocabulary,
  type Vocabulary,
  WordVocabulary,
} from "@transformer-xl/model";
import { BYTE_FALLBACK } from "../../model/text/vocabulary/tokenizer_file.ts";

const TEXTS: readonly string[] = [
  "<b>bold</b> & \"quoted\" 'single' &amp; </p><script>alert(1)</script>",
  "tab\there,  two  spaces and a trailing one ",
  "one\n\n\nthree line feeds\n",
  "carriage\r\nreturns\rof both kinds",
  "\u{1f600} \u{1f469}\u200d\u{1f4bb} \u{1f1e9}\u{1f1ea} \u{1f44d}\u{1f3fd} \u2764\ufe0f",
  "e\u0301 and \u00e9, \u212b and \u00c5",
  "\u05e9\u05dc\u05d5\u05dd and \u0645\u0631\u062d\u0628\u0627 123",
  "left \u202eright\u202c left",
  "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u3053\u3093\u306b\u3061\u306f",
  "\uc548\ub155\ud558\uc138\uc694",
  "zero\u200bwidth, joined\u2060, soft\u00adhyphen",
  "no\u00a0break, thin\u2009space, ideographic\u3000space",
  "next\u0085line, line\u2028and paragraph\u2029separators",
  "bell\u0007, escape\u001b[31m, delete\u007f, null\u0000",
  "information\u001cseparators\u001f",
  "a\ufeffmark inside",
  "private \ue000, unassigned \u0378, last \u{10ffff}",
  "word".repeat(400),
  "<eos> <unk> <S> <|endoftext|> madeupword000000000",
  "\\xc3 \\n %20 $HOME `id` ${x} {{y}}",
  "Ġthe ▁the ##the Ċ <0x0A>",
  "1,234.5 3-4 U.S. 5\u00bd \u2167 \u0663",
  "\ufffd is a character of this text",
  "z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f",
];

/** The text that a vocabulary can give back: words keep no white space. */
const kept = (text: string, { kind }: Vocabulary) =>
  kind === "word" ? splitWords(text).join(" ") : text;

/** The name of the space stands for it; the library drops a byte order mark. */
const tokenizerText = (text: string) => text.replaceAll("▁", " ").replaceAll("\ufeff", "");

Deno.test("awkward texts survive every vocabulary, printing token by token, and scores of tokens", async () => {
  assert(TEXTS.length >= 20);
  const shared = [
    new ByteVocabulary(),
    await BytePairVocabulary.load(),
    await TokenizerVocabulary.parse(JSON.stringify(BYTE_FALLBACK)),
  ];
  for (const text of TEXTS) {
    const own = [WordVocabulary.fromText(text), CharacterVocabulary.fromText(text)];
    for (const vocabulary of [...own, ...shared]) {
      const label = `${vocabulary.kind}: ${JSON.stringify(text.slice(0, 60))}`;
      const ids = vocabulary.encode(text);
      assert(ids.every((id) => id < vocabulary.size), label);
      const decoded = vocabulary.decode(ids);
      const wanted = vocabulary.kind === "word"
        ? text.replaceAll("<eos>", "\n")
        : vocabulary.kind === "tokenizer"
        ? tokenizerText(text)
        : text;
      assertEquals(kept(decoded, vocabulary), kept(wanted, vocabulary), label);

      const stream = textStream(vocabulary, { joined: false });
      const printed = Array.from(ids, (id) => stream.push(id)).join("") + stream.end();
      assertEquals(kept(printed, vocabulary), kept(decoded, vocabulary), label);

      const table = new TokenTable("text", ids, vocabulary);
      const html = [...pageOf({ title: "", lines: [] }, [table])].join("");
      assertEquals(html.match(/<span class="u"/g)?.length ?? 0, ids.length, label);
      // deno-lint-ignore no-control-regex -- they are what must not be there
      assert(!/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(html), label);
      assert(!html.includes("<script") && !html.includes("<b>"), label);
    }
  }
});
