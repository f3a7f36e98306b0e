/**
 * Uniform blocks of a plan. Blocks with constant fields only are written once; all others are
 * written before every run, in one call.
 *
 * @module
 */
import type { ScalarField } from "../record/kernel.ts";
import type { Command } from "../record/recorder.ts";
import { fieldValue, type ScalarValues } from "./scalar_values.ts";
import { Scalar } from "../tensor/tensor.ts";

/** Location of the block of a launch. */
export interface BlockPlace {
  /** Rewritten before every run, or written once. */
  readonly varying: boolean;
  /** Byte offset. */
  readonly offset: number;
  /** Bytes. */
  readonly bytes: number;
}

interface Block {
  readonly fields: readonly ScalarField[];
  readonly values: readonly (number | Scalar)[];
  readonly place: BlockPlace;
}

/** Packs the scalars of all launches. */
export class UniformBlocks {
  readonly #alignment: number;
  readonly #blocks = new Map<string, Block>();
  readonly #numbers = new Map<Scalar, number>();
  #frozenBytes = 0;
  #varyingBytes = 0;

  constructor(alignment: number) {
    this.#alignment = alignment;
  }

  /** Bytes of all blocks that never change. */
  get frozenBytes(): number {
    return this.#frozenBytes;
  }

  /** Bytes of all blocks that change from run to run. */
  get varyingBytes(): number {
    return this.#varyingBytes;
  }

  /** Places the block of a launch; equal blocks share a place. Undefined without scalars. */
  place(command: Extract<Command, { kind: "launch" }>): BlockPlace | undefined {
    const fields = command.kernel.scalars;
    if (fields.length === 0) return undefined;
    const values = fields.map(({ name }) => command.scalars![name]!);
    const key = values.map((value, i) => `${fields[i]!.type} ${this.#key(value)}`).join();
    const known = this.#blocks.get(key);
    if (known !== undefined) return known.place;
    const varying = values.some((value) => value instanceof Scalar);
    const bytes = Math.ceil(fields.length * 4 / 16) * 16;
    const step256 = Math.ceil(bytes / this.#alignment) * this.#alignment;
    const place = { varying, offset: varying ? this.#varyingBytes : this.#frozenBytes, bytes };
    if (varying) this.#varyingBytes += step256;
    else this.#frozenBytes += step256;
    this.#blocks.set(key, { fields, values, place });
    return place;
  }

  /** Contents of all frozen, or all varying, blocks. */
  pack(varying: boolean, scalars: ScalarValues): Uint8Array<ArrayBuffer> {
    const view = new DataView(new ArrayBuffer(varying ? this.#varyingBytes : this.#frozenBytes));
    for (const { fields, values, place } of this.#blocks.values()) {
      if (place.varying !== varying) continue;
      fields.forEach((field, i) => {
        const { type } = field;
        const value = fieldValue(field, values[i]!, scalars);
        const at = place.offset + 4 * i;
        if (type === "f32") view.setFloat32(at, value, true);
        else if (type === "i32") view.setInt32(at, value, true);
        else view.setUint32(at, value, true);
      });
    }
    return new Uint8Array(view.buffer);
  }

  /** A scalar by identity, a number by value: -0, NaN and infinities are values of their own. */
  #key(value: number | Scalar): string {
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
    const known = this.#numbers.get(value) ?? this.#numbers.size;
    this.#numbers.set(value, known);
    return `#${known}`;
  }
}
