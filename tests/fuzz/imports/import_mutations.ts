/**
 * Damaged and forged files of PyTorch: bits, lengths, opcodes, words and numbers of pickles, members
 * and directories of archives.
 *
 * @module
 */
import { readZipDirectory, zipDataOffset } from "@transformer-xl/runtime";
import { type NewMember, zip } from "../../train/data/archives.ts";
import type { Mutant, Random } from "../checkpoint_mutations.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const WORDS = [
  ...["model_state", "model_config", "vocab", "idx2sym", "n_layer", "n_head", "d_model", "cutoffs"],
  ...["tie_projs", "_modules", "_parameters", "storage", "FloatStorage", "torch", "OrderedDict"],
  ...["_rebuild_tensor_v2", "r_w_bias", "layers", "crit", "weight", "<eos>", "cpu", "module"],
];

const OPCODES = [
  ..."()0123]}[{tdeuasbRQNKMJGXUTCBcioqrhj.".split(""),
  ...["\x80\x05", "\x81", "\x85", "\x86", "\x87", "\x88", "\x8f", "\x90", "\x91", "\x93", "\x94"],
  ...["X\xff\xff\xff\xff", "\x8b\xff\xff\xff\x7f", "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"],
  ...["\x8e\0\0\0\0\0\0\0\x80", "r\xff\xff\xff\xff", "j\xff\xff\xff\x7f", "h\0", "2222", "h\x01Q"],
  ...[
    "\x95\xff\xff\xff\xff\xff\xff\xff\xff",
    "cos\nsystem\n",
    "\x8a\xff",
    "K\0",
    "J\xff\xff\xff\xff",
  ],
  ...[
    "J\xff\xff\xff\x7f",
    "G\x7f\xf8\0\0\0\0\0\0",
    "}".repeat(5000),
    "]".repeat(5000),
    "N\x85".repeat(3000),
  ],
];

/** Mutates one file. */
export class ImportMutations {
  readonly #base: Bytes;
  readonly #members: readonly NewMember[];
  readonly #random: Random;

  private constructor(base: Bytes, members: readonly NewMember[], random: Random) {
    this.#base = base;
    this.#members = members;
    this.#random = random;
  }

  /** Mutations of a file, whose members are read if it is an archive. */
  static async of(base: Bytes, random: Random): Promise<ImportMutations> {
    return new ImportMutations(base, base[0] === 0x50 ? await membersOf(base) : [], random);
  }

  /** The next mutant. */
  async next(): Promise<Mutant> {
    const kinds = Object.keys(this.#members.length > 0 ? ARCHIVE_KINDS : PLAIN_KINDS);
    const kind = this.#pick(kinds);
    const mutate = { ...PLAIN_KINDS, ...ARCHIVE_KINDS }[kind]!;
    return { kind, bytes: await mutate(this) };
  }

  /** The file with some flipped bits. */
  flipped(): Bytes {
    const bytes = this.#base.slice();
    for (let n = 1 + this.#int(4); n > 0; n--) bytes[this.#int(bytes.length)]! ^= 1 << this.#int(8);
    return bytes;
  }

  /** The start of the file. */
  truncated(): Bytes {
    return this.#base.slice(0, this.#int(this.#base.length));
  }

  /** The file with numbers at bounds near its end, where an archive has its directory. */
  atBounds(): Bytes {
    const bytes = this.#base.slice();
    const view = new DataView(bytes.buffer);
    const at = Math.max(0, bytes.length - 4 - this.#int(Math.min(bytes.length - 4, 3000)));
    const values = [0, 1, 0xff, 0xffff, 0x10000, 0x7fffffff, 0xffffffff, bytes.length];
    view.setUint32(at, this.#pick(values), true);
    return bytes;
  }

  /** The file with another pickle, as far as a file without members is one. */
  pickled(): Bytes {
    return this.#changed(this.#base);
  }

  /** The archive with another pickle. */
  async withPickle(): Promise<Bytes> {
    return await this.#packed((members) => {
      const at = members.findIndex(({ name }) => name.endsWith("data.pkl"));
      members[at] = { ...members[at]!, text: this.#changed(members[at]!.text as Bytes) };
    });
  }

  /** The archive with members that are missing, doubled, renamed, longer or shorter. */
  async withMembers(): Promise<Bytes> {
    return await this.#packed((members) => {
      const at = this.#int(members.length);
      const member = members[at]!;
      const content = member.text as Bytes;
      const other = this.#pick(members).name;
      switch (this.#int(5)) {
        case 0:
          return void members.splice(at, 1);
        case 1:
          return void members.push(member);
        case 2:
          return void (members[at] = {
            ...member,
            name: this.#pick([other, "", "a/constants.pkl"]),
          });
        case 3:
          return void (members[at] = { ...member, text: content.slice(this.#int(content.length)) });
        default:
          members[at] = { ...member, text: new Uint8Array([...content, ...content]) };
      }
    });
  }

  /** The archive with numbers that are not finite, or any. */
  async withNumbers(): Promise<Bytes> {
    return await this.#packed((members) => {
      const at = this.#int(members.length);
      const bytes = (members[at]!.text as Bytes).slice();
      const fill = this.#pick([0x7f, 0xff, 0x00, 0x80]);
      const from = this.#int(bytes.length);
      bytes.fill(fill, from, from + 8);
      members[at] = { ...members[at]!, text: bytes };
    });
  }

  async #packed(edit: (members: NewMember[]) => void): Promise<Bytes> {
    const members = this.#members.map((member) => ({ ...member, stored: this.#int(4) > 0 }));
    edit(members);
    return await zip(members);
  }

  /** A pickle with some changes. */
  #changed(pickle: Bytes): Bytes {
    let bytes = pickle;
    for (let n = 1 + this.#int(3); n > 0; n--) bytes = this.#changedOnce(bytes);
    return bytes;
  }

  #changedOnce(bytes: Bytes): Bytes {
    const at = this.#int(bytes.length);
    const length = this.#int(Math.min(40, bytes.length - at));
    const replaced = (skip: number, by: ArrayLike<number>) =>
      new Uint8Array([...bytes.subarray(0, at), ...Array.from(by), ...bytes.subarray(at + skip)]);
    switch (this.#int(6)) {
      case 0:
        return replaced(1, [this.#int(256)]);
      case 1:
        return replaced(0, bytesOf(this.#pick(OPCODES)));
      case 2:
        return replaced(length, []);
      case 3:
        return replaced(0, bytes.slice(at, at + length));
      case 4:
        return replaced(1, bytesOf(this.#pick(OPCODES)));
      default:
        return this.#reworded(bytes);
    }
  }

  /** A pickle with one word for another of its length, or of any. */
  #reworded(bytes: Bytes): Bytes {
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    const word = this.#pick(WORDS);
    const places = [...text.matchAll(new RegExp(RegExp.escape(word), "g"))];
    if (places.length === 0) return bytes;
    const { index } = this.#pick(places);
    const other = this.#int(2) === 0
      ? this.#pick(WORDS)
      : this.#pick(WORDS).padEnd(word.length, "x").slice(0, word.length);
    return bytesOf(text.slice(0, index) + other + text.slice(index + word.length));
  }

  #int(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#int(list.length)]!;
  }
}

type Mutate = (mutations: ImportMutations) => Bytes | Promise<Bytes>;

const PLAIN_KINDS: Readonly<Record<string, Mutate>> = {
  "bits of the file": (m) => m.flipped(),
  "truncated": (m) => m.truncated(),
  "numbers at bounds": (m) => m.atBounds(),
  "pickle": (m) => m.pickled(),
  "pickle, once more": (m) => m.pickled(),
};

const ARCHIVE_KINDS: Readonly<Record<string, Mutate>> = {
  "bits of the file": (m) => m.flipped(),
  "truncated": (m) => m.truncated(),
  "numbers at bounds": (m) => m.atBounds(),
  "pickle in an archive": (m) => m.withPickle(),
  "pickle in an archive, once more": (m) => m.withPickle(),
  "members": (m) => m.withMembers(),
  "content": (m) => m.withNumbers(),
};

async function membersOf(base: Bytes): Promise<NewMember[]> {
  const source = {
    size: base.length,
    read: (offset: number, length: number) => Promise.resolve(base.slice(offset, offset + length)),
  };
  const members: NewMember[] = [];
  for (const entry of await readZipDirectory(source)) {
    const at = await zipDataOffset(source, entry);
    members.push({ name: entry.name, text: base.slice(at, at + entry.packedBytes), stored: true });
  }
  return members;
}

function bytesOf(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
