/**
 * Every number and path of a configuration has bounds, so that no value reaches an allocation, a
 * loop or a generator that it breaks.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { evalSchema } from "@transformer-xl/eval";
import { resolveModel, TransformerXL } from "@transformer-xl/model";
import {
  ConfigError,
  DeviceError,
  flagSpecs,
  ParameterStore,
  parseFlags,
  PORTABLE_LIMITS,
} from "@transformer-xl/runtime";
import { trainSchema } from "@transformer-xl/train";
import { smallConfig } from "../../support/small_run.ts";

for (const [program, schema] of [["train", trainSchema], ["eval", evalSchema]] as const) {
  Deno.test(`every number of ${program} has an upper and a lower bound`, () => {
    for (const { name, metavar, arity } of flagSpecs(schema)) {
      if (!/INT|FLOAT/.test(metavar) && !["gpus"].includes(name)) continue;
      for (const value of ["1e39", "-1e39", "1e400"]) {
        const { message } = assertThrows(
          () => parseFlags(schema, [`--${name}`, value]),
          ConfigError,
        );
        assertStringIncludes(message, `--${name}: got "${value}", want`);
        if (arity === "one") assert(/[<>]=? /.test(message), message);
      }
    }
  });

  Deno.test(`every path of ${program} refuses an empty value and a NUL character`, () => {
    const paths = flagSpecs(schema).filter(({ metavar }) => /PATH|FILE|DIR/.test(metavar));
    assert(paths.length >= 3);
    for (const { key, name } of paths) {
      for (const words of [[`--${name}=`], [`--${name}`, ""]]) {
        assertThrows(() => parseFlags(schema, words), ConfigError, `--${name}: got ""`);
      }
      assertThrows(
        () => parseFlags(schema, [], { file: { [key]: "a\0b" } }),
        ConfigError,
        "a path has no NUL character",
      );
    }
  });
}

Deno.test("a seed has 32 bits", () => {
  assertEquals(parseFlags(trainSchema, ["--seed", "4294967295"]).config.seed, 4294967295);
  assertThrows(
    () => parseFlags(trainSchema, ["--seed", "4294967296"]),
    ConfigError,
    "want an integer >= 0 and <= 4294967295",
  );
});

Deno.test("an embedding row that exceeds one binding is refused in one sentence", () => {
  const shape = resolveModel(smallConfig({ dEmbed: 2 ** 18 }), 100, []);
  const target = { ...PORTABLE_LIMITS, maxBindingBytes: 2 ** 19 };
  const { message } = assertThrows(
    () => new TransformerXL(new ParameterStore(), shape, target),
    DeviceError,
  );
  assertStringIncludes(message, "lower --d_embed");
});
