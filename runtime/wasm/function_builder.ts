/**
 * A function of WebAssembly, built statement by statement, and the module around it.
 *
 * @module
 */
import { section, text, unsigned, vector } from "./encoding.ts";
import { i32, i32Of, TYPE_CODES, type Value, type ValueType } from "./values.ts";

/** Bytes of a page of memory. */
export const PAGE_BYTES = 65_536;

/** Pages that addresses of 32 bits reach. */
export const MAX_PAGES = 65_536;

/** A variable of a function, which is its value wherever it is used. */
export interface Local<T extends ValueType = ValueType> extends Value<T> {
  /** Number within the function. */
  readonly index: number;
}

const HEADER = [0, ...new TextEncoder().encode("asm"), 1, 0, 0, 0];

const STORES: Readonly<Record<ValueType, readonly number[]>> = {
  i32: [0x36],
  f32: [0x38],
  f64: [0x39],
  v128: [0xfd, 11],
};

/**
 * The body of a function without result; its statements run in the order of the calls.
 *
 * @example
 * ```ts
 * import { FunctionBuilder, i32, MAX_PAGES } from "@transformer-xl/runtime/wasm";
 * import { assertEquals } from "@std/assert";
 *
 * const f = new FunctionBuilder(["i32"]);
 * const address = f.parameter(0, "i32");
 * f.store(address, i32.mul(2, i32.load(address)));
 *
 * const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
 * const numbers = new Int32Array(memory.buffer);
 * numbers[2] = 21;
 * const compiled = new WebAssembly.Module(f.moduleBytes("double"));
 * const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
 * (exports["double"] as (address: number) => void)(8);
 * assertEquals(numbers[2], 42);
 * ```
 */
export class FunctionBuilder {
  readonly #parameters: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #code: number[] = [];

  /** A function without statements. */
  constructor(parameters: readonly ValueType[]) {
    this.#parameters = parameters;
  }

  /** A parameter, by its place. */
  parameter<T extends ValueType>(index: number, type: T): Local<T> {
    return { type, index, code: [0x20, ...unsigned(index)] };
  }

  /** A new variable. */
  local<T extends ValueType>(type: T, value?: Value<T>): Local<T> {
    const index = this.#parameters.length + this.#locals.length;
    this.#locals.push(type);
    const local = this.parameter(index, type);
    if (value !== undefined) this.set(local, value);
    return local;
  }

  /** A new integer. */
  int(value: Value<"i32"> | number): Local<"i32"> {
    return this.local("i32", i32Of(value));
  }

  /** A new vector. */
  vector(value: Value<"v128">): Local<"v128"> {
    return this.local("v128", value);
  }

  /** local = value */
  set<T extends ValueType>(local: Local<T>, value: Value<T>): void {
    this.#code.push(...value.code, 0x21, ...unsigned(local.index));
  }

  /** local += value */
  advance(local: Local<"i32">, value: Value<"i32"> | number): void {
    this.set(local, i32.add(local, value));
  }

  /** Writes a value to memory, `offset` bytes behind `address`. */
  store(address: Value<"i32">, value: Value, offset = 0): void {
    this.#code.push(...address.code, ...value.code, ...STORES[value.type], 0, ...unsigned(offset));
  }

  /** for (counter = from; counter < end; counter += step) */
  loop(
    counter: Local<"i32">,
    [from, end, step = 1]: readonly [
      from: Value<"i32"> | number,
      end: Value<"i32"> | number,
      step?: Value<"i32"> | number,
    ],
    body: () => void,
  ): void {
    this.set(counter, i32Of(from));
    this.while(i32.lt(counter, end), () => {
      body();
      this.advance(counter, step);
    });
  }

  /** while (condition) */
  while(condition: Value<"i32">, body: () => void): void {
    this.when(condition, () => this.repeat(body, condition));
  }

  /** do ... while (condition) */
  repeat(body: () => void, condition: Value<"i32">): void {
    this.#code.push(0x03, 0x40); // loop
    body();
    this.#code.push(...condition.code, 0x0d, 0, 0x0b); // br_if, end
  }

  /** if (condition) */
  when(condition: Value<"i32">, body: () => void, otherwise?: () => void): void {
    this.#code.push(...condition.code, 0x04, 0x40); // if
    body();
    if (otherwise) {
      this.#code.push(0x05); // else
      otherwise();
    }
    this.#code.push(0x0b); // end
  }

  /**
   * A module that exports this function under a name. Its memory is the import `env.memory`, which
   * threads share.
   */
  moduleBytes(name: string): Uint8Array<ArrayBuffer> {
    const types = [0x60, ...vector(this.#parameters.map((type) => [TYPE_CODES[type]])), 0];
    const limits = [0x03, ...unsigned(1), ...unsigned(MAX_PAGES)]; // shared
    const locals = vector(this.#locals.map((type) => [1, TYPE_CODES[type]]));
    const body = [...locals, ...this.#code, 0x0b];
    return Uint8Array.from([
      ...HEADER,
      ...section(1, vector([types])),
      ...section(2, vector([[...text("env"), ...text("memory"), 2, ...limits]])),
      ...section(3, vector([[0]])),
      ...section(7, vector([[...text(name), 0, 0]])),
      ...section(10, vector([[...unsigned(body.length), ...body]])),
    ]);
  }
}
