/**
 * The functions of `@std/assert`, `@std/cli` and `@std/streams` that this repository uses, against
 * their documentation: arguments and errors.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  assertGreater,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";
import { parseArgs } from "@std/cli";
import { TextLineStream } from "@std/streams";

/** The error of a call that must throw; no assertion of the package under test is used. */
function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error(`${call} did not throw an Error`);
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not as documented: ${what}`);
}

/** Calls of an assertion: one that always throws fails on `returns`, one that never throws on `throws`. */
interface Documented {
  readonly returns: readonly (() => void)[];
  readonly throws: readonly (() => void)[];
}

const ASSERTIONS: Readonly<Record<string, Documented>> = {
  assert: {
    returns: [() => assert(true), () => assert("a"), () => assert(1)],
    throws: [() => assert(false), () => assert(""), () => assert(0), () => assert(null)],
  },
  assertEquals: {
    returns: [
      () => assertEquals({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }),
      () => assertEquals(NaN, NaN),
      () => assertEquals(new Map([["a", 1], ["b", 2]]), new Map([["b", 2], ["a", 1]])),
      () => assertEquals(Float32Array.of(1, 2), Float32Array.of(1, 2)),
      () => assertEquals(new Date(0), new Date(0)),
    ],
    throws: [
      () => assertEquals(1, 2),
      () => assertEquals<unknown>(1, "1"),
      () => assertEquals<unknown>([1], { 0: 1 }),
      () => assertEquals(Float32Array.of(1), Float32Array.of(1 + 2 ** -23)),
      () => assertEquals<unknown>({ a: undefined }, {}),
    ],
  },
  assertNotEquals: {
    returns: [() => assertNotEquals(1, 2), () => assertNotEquals([1], [1, 2])],
    throws: [() => assertNotEquals({ a: 1 }, { a: 1 })],
  },
  assertAlmostEquals: {
    returns: [
      () => assertAlmostEquals(0.1 + 0.2, 0.3), // 1e-7 of the expected value by default
      () => assertAlmostEquals(1, 1.05, 0.1),
      () => assertAlmostEquals(1e10, 1e10 + 1),
    ],
    throws: [
      () => assertAlmostEquals(1, 2),
      () => assertAlmostEquals(1, 1.05, 0.01),
      () => assertAlmostEquals(NaN, 1),
    ],
  },
  assertExists: {
    returns: [() => assertExists(0), () => assertExists("")],
    throws: [() => assertExists(null), () => assertExists(undefined)],
  },
  assertGreater: { returns: [() => assertGreater(2, 1)], throws: [() => assertGreater(1, 1)] },
  assertLess: {
    returns: [() => assertLess(1, 2)],
    throws: [() => assertLess(1, 1), () => assertLess(NaN, 1)],
  },
  assertLessOrEqual: {
    returns: [() => assertLessOrEqual(1, 1)],
    throws: [() => assertLessOrEqual(2, 1)],
  },
  assertMatch: {
    returns: [() => assertMatch("Raptor", /Raptor/)],
    throws: [() => assertMatch("Raptor", /Dino/)],
  },
  assertStringIncludes: {
    returns: [() => assertStringIncludes("Hello", "ello")],
    throws: [() => assertStringIncludes("Hello", "World")],
  },
  assertThrows: {
    returns: [
      () => assertThrows(() => fail("x")),
      () => assertThrows(() => fail("x"), AssertionError),
    ],
    throws: [
      () => assertThrows(() => 1),
      () => assertThrows(() => fail("x"), TypeError),
      () => {
        assertThrows(
          () => {
            throw new TypeError("hello");
          },
          TypeError,
          "other",
        );
      },
    ],
  },
  fail: { returns: [], throws: [() => fail(), () => fail("reason")] },
};

for (const [name, { returns, throws }] of Object.entries(ASSERTIONS)) {
  Deno.test(`${name}() returns and throws AssertionError as its documentation says`, () => {
    for (const call of returns) call(); // what it throws fails the test
    for (const call of throws) must(thrown(call) instanceof AssertionError, `${name}: ${call}`);
  });
}

Deno.test("assertions end with the message that is given", () => {
  must(thrown(() => assert(false, "reason")).message === "reason", "assert");
  must(thrown(() => assertEquals(1, 2, "reason")).message.includes("reason"), "assertEquals");
  must(thrown(() => fail("reason")).message.includes("reason"), "fail");
});

Deno.test("assertThrows() and assertRejects() return the error, of the class and with the text", async () => {
  const error = new RangeError("one two");
  const raise = () => {
    throw error;
  };
  must(assertThrows(raise, RangeError, "two") === error, "assertThrows");
  must(assertThrows(raise) === error, "assertThrows without class");
  must(await assertRejects(() => Promise.reject(error), RangeError, "one") === error, "rejects");
  for (
    const call of [
      () => assertRejects(() => Promise.resolve(1)),
      () => assertRejects(() => Promise.reject(error), TypeError),
      () => assertRejects(() => Promise.reject(error), RangeError, "three"),
    ]
  ) {
    const wrong = await call().then(() => undefined, (reason: unknown) => reason);
    must(wrong instanceof AssertionError, `${call}`);
  }
});

Deno.test("parseArgs() reads switches, values, aliases, `--` and words as documented", () => {
  const unknown: string[] = [];
  const parse = (...args: string[]) =>
    parseArgs(args, {
      string: ["device", "data"],
      boolean: ["help", "fp16"],
      alias: { help: "h" },
      unknown: (word: string, key?: string) => key === undefined || unknown.push(word) === 0,
    });
  assertEquals(parse("a", "--device", "cpu", "--data=x y", "--fp16", "b"), {
    _: ["a", "b"],
    device: "cpu",
    data: "x y",
    fp16: true,
    help: false,
    h: false,
  });
  assertEquals(parse("-h").help, true);
  assertEquals(parse("--device", "1").device, "1", "a string stays one");
  assertEquals(parse("--", "--device")._, ["--device"]);
  assertEquals(parse().device, undefined);
  assertEquals(unknown, []);
  parse("--devise", "cpu");
  assertEquals(unknown, ["--devise"]);
});

Deno.test("TextLineStream splits at LF and CRLF, over chunks, and keeps an unfinished last line", async () => {
  const lines = (chunks: readonly string[], options?: { readonly allowCR: boolean }) =>
    Array.fromAsync(ReadableStream.from(chunks).pipeThrough(new TextLineStream(options)));
  assertEquals(await lines(["a\nb", "c\r", "\nd\n\n", "e"]), ["a", "bc", "d", "", "e"]);
  assertEquals(await lines(["a\n"]), ["a"]);
  assertEquals(await lines([]), []);
  assertEquals(await lines(["10%\r20%\r\nend"]), ["10%\r20%", "end"]);
  assertEquals(await lines(["a\rb\r\nc"], { allowCR: true }), ["a", "b", "c"]);
});
