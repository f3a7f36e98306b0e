/**
 * Damaged and forged checkpoints: bits, lengths, headers, metadata, shapes, names, vocabulary and
 * numbers, each with a checksum that is broken, recomputed, or missing.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { craft, join } from "../support/safetensors_bytes.ts";

/** A mutant of a checkpoint. */
export interface Mutant {
  /** What was done to it. */
  readonly kind: string;
  /** The file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A source of numbers in [0, 1). */
export type Random = () => number;

interface Entry {
  dtype: unknown;
  shape: unknown;
  data_offsets: unknown;
}

/** A file in parts. Names and keys may occur twice, so both lists are pairs of name and JSON text. */
export interface Parts {
  metadata: [string, string][];
  tensors: [string, string][];
  data: Uint8Array<ArrayBuffer>;
}

const BLANK = "0".repeat(64);

// deno-fmt-ignore
const HOSTILE_VALUES = [
  "null", "true", "-1", "0", "-0", "0.5", "1e9", "1e15", "1e308", "1e400", "-1e400", "NaN", "Infinity",
  "2147483648", "4294967296", "9007199254740993", '"NaN"', '"x"', '""', "[]", "{}", "[[]]", '{"__proto__":1}',
  '"\\u0000"', '"\\ud800"', '"line\\nbreak"', `"${"a".repeat(3000)}"`, "[".repeat(5000) + "]".repeat(5000),
  '"F16"', '"F64"', '"U8"', '"F8_E4M3"', "[1e308,1e308]", "[4294967296,4294967296]", "[0,1e15]", "[0,0]",
];
// deno-fmt-ignore
const HOSTILE_NAMES = [
  "__proto__", "constructor", "toString", "", "\u0000", "\ud800", "a\nb", "\u001b[2J", "__metadata__", "../../x",
  "x".repeat(5000), "vocabulary", "memory.0", "memory.9", "optimizer.loss_scale", "optimizer.m/x", "layers.7.x",
];
const HOSTILE_TEXTS = [
  "",
  "{",
  "null",
  "[]",
  "1",
  "{}",
  '{"config":null}',
  "\u0000",
  "x".repeat(9999),
];
const EMPTY = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';

/** Mutates one checkpoint. */
export class CheckpointMutations {
  readonly #base: Uint8Array<ArrayBuffer>;
  readonly #header: Record<string, Entry>;
  readonly #metadata: Record<string, string>;
  readonly #data: Uint8Array<ArrayBuffer>;
  readonly #random: Random;

  constructor(base: Uint8Array<ArrayBuffer>, random: Random) {
    const length = Number(new DataView(base.buffer).getBigUint64(0, true));
    const { __metadata__: metadata, ...header } = JSON.parse(
      new TextDecoder().decode(base.subarray(8, 8 + length)),
    );
    const { sha256: _, ...others } = metadata;
    [this.#base, this.#header, this.#metadata] = [base, header, others];
    [this.#data, this.#random] = [base.slice(8 + length), random];
  }

  /** The next mutant. */
  next(): Mutant {
    const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
    const kind = this.pick(kinds);
    const result = KINDS[kind](this);
    if (result instanceof Uint8Array) {
      const isSame = result.length === this.#base.length &&
        result.every((byte, at) => byte === this.#base[at]);
      return { kind: isSame ? "nothing" : kind, bytes: result };
    }
    const checksum = this.pick(["recomputed", "recomputed", "recomputed", "broken", "none"]);
    return { kind: `${kind}, checksum ${checksum}`, bytes: assemble(result, checksum) };
  }

  /** A whole number below `n`. */
  int(n: number): number {
    return Math.floor(this.#random() * n);
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)]!;
  }

  /** The checkpoint in parts that may be changed. */
  parts(): Parts {
    const pair = (
      [name, value]: [string, unknown],
    ): [string, string] => [name, JSON.stringify(value)];
    return {
      metadata: Object.entries(this.#metadata).map(pair),
      tensors: Object.entries(this.#header).map(pair),
      data: this.#data.slice(),
    };
  }

  /** The file as it was. */
  whole(): Uint8Array<ArrayBuffer> {
    return this.#base.slice();
  }

  /** Flips bits. */
  flip(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    for (let n = 1 + this.int(4); n > 0; n--) bytes[this.int(bytes.length)]! ^= 1 << this.int(8);
    return bytes;
  }

  /** The bytes of a tensor, a view. */
  tensor(parts: Parts, name: string): Uint8Array<ArrayBuffer> {
    const [begin, end] = this.#header[name]!.data_offsets as [number, number];
    return parts.data.subarray(begin, end);
  }

  /** A JSON document with one member removed, added, doubled, moved or replaced. */
  document(text: string): string {
    const root = JSON.parse(text);
    const places: [Record<string, unknown>, string][] = [];
    const walk = (node: Record<string, unknown>) => {
      for (const [key, value] of Object.entries(node)) {
        places.push([node, key]);
        if (typeof value === "object" && value !== null) walk(value as Record<string, unknown>);
      }
    };
    walk(root);
    const [node, key] = this.pick(places);
    const value = node[key];
    switch (this.int(5)) {
      case 0:
        delete node[key];
        return JSON.stringify(root);
      case 1:
        return JSON.stringify(root).replace(
          "{",
          () => `{${JSON.stringify(this.pick(HOSTILE_NAMES))}:${this.pick(HOSTILE_VALUES)},`,
        );
      case 2:
        if (typeof value === "number") node[key] = this.pick(near(value));
        if (typeof value === "boolean") node[key] = !value;
        return JSON.stringify(root);
      case 3:
        return JSON.stringify(root).replace("{", () => `{${JSON.stringify(key)}:1,`);
      default:
        node[key] = "@@";
        return JSON.stringify(root).replace('"@@"', () => this.pick(HOSTILE_VALUES));
    }
  }
}

function near(value: number): number[] {
  return [value + 1, value - 1, 2 * value, -value, value + 0.5, 0, 1, 2, 3, 7, 64, 1000, 1e6];
}

/** The file of these parts. */
export function assemble(
  { metadata, tensors, data }: Parts,
  checksum: string,
): Uint8Array<ArrayBuffer> {
  const stamped = checksum === "none" ? metadata : [...metadata, ["sha256", `"${BLANK}"`] as const];
  const pair = ([name, value]: readonly [string, string]) => `${JSON.stringify(name)}:${value}`;
  const members = [`"__metadata__":{${stamped.map(pair).join()}}`, ...tensors.map(pair)];
  const header = `{${members.join()}}`;
  const blank = join([craft(header), data]);
  if (checksum !== "recomputed") return blank;
  const digest = createHash("sha256").update(blank).digest("hex");
  return join([craft(header.replace(`"sha256":"${BLANK}"`, `"sha256":"${digest}"`)), data]);
}

/** Changes the JSON text of one pair. */
export function change(pairs: [string, string][], key: string, to: (text: string) => string): void {
  const pair = pairs.find(([name]) => name === key)!;
  pair[1] = to(pair[1]);
}

/** Changes a document of the metadata; the model's where there is none of that name. */
function inMetadata(mutations: CheckpointMutations, wanted: string): Parts {
  const parts = mutations.parts();
  const key = parts.metadata.some(([name]) => name === wanted) ? wanted : "model";
  change(parts.metadata, key, (text) => JSON.stringify(mutations.document(JSON.parse(text))));
  return parts;
}

/** Replaces the vocabulary, the last tensor of the file, by a text. */
export function withVocabulary(
  mutations: CheckpointMutations,
  edit: (text: string) => string,
): Parts {
  const parts = mutations.parts();
  const old = mutations.tensor(parts, "vocabulary");
  const bytes = new TextEncoder().encode(edit(new TextDecoder().decode(old)));
  change(parts.tensors, "vocabulary", (text) => {
    const { data_offsets: [begin] } = JSON.parse(text);
    parts.data = join([parts.data.subarray(0, begin), bytes]);
    const data_offsets = [begin, begin + bytes.length];
    return JSON.stringify({ dtype: "U8", shape: [bytes.length], data_offsets });
  });
  return parts;
}

function editVocabulary(m: CheckpointMutations, text: string): string {
  const record = JSON.parse(text);
  const symbols: unknown[] = record.symbols;
  switch (m.int(6)) {
    case 0:
      symbols.push(`extra${m.int(9)}`);
      break;
    case 1:
      symbols.pop();
      break;
    case 2:
      symbols[m.int(symbols.length)] = m.pick(["", "a b", "\n", 3, null, "<eos>", "\ud800"]);
      break;
    case 3:
      record.kind = m.pick(["char", "x", 1, null]);
      break;
    case 4:
      record.unknown = m.pick(["zz", "<eos>", 5]);
      break;
    default:
      record.symbols = Array.from({ length: 5000 }, (_, n) => `s${n}`);
  }
  return JSON.stringify(record);
}

function inEntry(m: CheckpointMutations, edit: (entry: Entry) => unknown): Parts {
  const parts = m.parts();
  const pair = m.pick(parts.tensors);
  pair[1] = JSON.stringify(edit(JSON.parse(pair[1]))).replace('"@@"', () => m.pick(HOSTILE_VALUES));
  return parts;
}

const KINDS = {
  "bits of the file": (m) => m.flip(m.whole()),
  "truncated": (m) => m.whole().slice(0, m.int(m.whole().length)),
  "header length": (m) => {
    const bytes = m.whole();
    const length = new DataView(bytes.buffer).getBigUint64(0, true);
    const wrong = [0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 33_554_433n, length + BigInt(m.int(99) - 50)];
    new DataView(bytes.buffer).setBigUint64(0, m.pick(wrong), true);
    return bytes;
  },
  "bits of the numbers": (m) => ({ ...m.parts(), data: m.flip(m.parts().data) }),
  "fewer bytes": (m) => ({ ...m.parts(), data: m.parts().data.slice(m.pick([1, 4, 1000])) }),
  "more bytes": (m) => ({ ...m.parts(), data: join([m.parts().data, new Uint8Array(8)]) }),
  "entry": (m) => inEntry(m, (e) => ({ ...e, [m.pick(["dtype", "shape", "data_offsets"])]: "@@" })),
  "shape": (m) =>
    inEntry(m, (e) => {
      const shape = e.shape as number[];
      return { ...e, shape: m.pick([shape.toReversed(), [1, ...shape], [...shape, 1], [], [0]]) };
    }),
  "ranges": (m) =>
    inEntry(m, (e) => {
      const shift = m.pick([1, -1, 4, -4, 1000]);
      return { ...e, data_offsets: (e.data_offsets as number[]).map((at) => at + shift) };
    }),
  "ranges exchanged": (m) => {
    const parts = m.parts();
    const other = JSON.parse(m.pick(parts.tensors)[1]);
    const pair = m.pick(parts.tensors);
    pair[1] = JSON.stringify({ ...JSON.parse(pair[1]), data_offsets: other.data_offsets });
    return parts;
  },
  "name twice": (m) => {
    const parts = m.parts();
    const [name, text] = m.pick(parts.tensors);
    parts.tensors.splice(m.int(parts.tensors.length), 0, [name, m.pick([text, "3", EMPTY])]);
    return parts;
  },
  "name added": (m) => {
    const parts = m.parts();
    parts.tensors.push([m.pick(HOSTILE_NAMES), m.pick([EMPTY, EMPTY, ...HOSTILE_VALUES])]);
    return parts;
  },
  "name changed": (m) => {
    const parts = m.parts();
    m.pick(parts.tensors)[0] = m.pick(HOSTILE_NAMES);
    return parts;
  },
  "name missing": (m) => {
    const parts = m.parts();
    parts.tensors.splice(m.int(parts.tensors.length), 1);
    return parts;
  },
  "metadata text": (m) => {
    const parts = m.parts();
    m.pick(parts.metadata)[1] = JSON.stringify(m.pick(HOSTILE_TEXTS));
    return parts;
  },
  "metadata entry": (m) => {
    const parts = m.parts();
    const pair = m.pick(parts.metadata);
    if (m.int(2) === 0) pair[1] = m.pick(HOSTILE_VALUES);
    else parts.metadata.push(m.pick([pair, [m.pick(HOSTILE_NAMES), '"x"'] as [string, string]]));
    return parts;
  },
  "model": (m) => inMetadata(m, "model"),
  "training": (m) => inMetadata(m, "training"),
  "training, once more": (m) => inMetadata(m, "training"),
  "facts of training": (m) => inMetadata(m, "trained"),
  "vocabulary text": (m) => withVocabulary(m, () => m.pick(HOSTILE_TEXTS)),
  "vocabulary": (m) => withVocabulary(m, (text) => editVocabulary(m, text)),
  "vocabulary document": (m) => withVocabulary(m, (text) => m.document(text)),
  "not finite": (m) => {
    const parts = m.parts();
    const floats = parts.tensors.filter(([, text]) => /"F(?:32|16)"/.test(text));
    const [name, text] = m.pick(floats);
    const bytes = m.tensor(parts, name);
    const view = new DataView(parts.data.buffer, bytes.byteOffset, bytes.byteLength);
    const value = m.pick([NaN, Infinity, -Infinity]);
    if (bytes.length === 0) return parts;
    if (text.includes('"F32"')) view.setFloat32(4 * m.int(bytes.length / 4), value, true);
    else view.setFloat16(2 * m.int(bytes.length / 2), value, true);
    return parts;
  },
} satisfies Record<string, (m: CheckpointMutations) => Parts | Uint8Array<ArrayBuffer>>;
