/**
 * Needs of user errors and their remedies.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { REMEDIES } from "@transformer-xl/model";
import {
  CheckpointError,
  ConfigError,
  DataError,
  DeviceError,
  GroupError,
  remedySentence,
  ShaderError,
  ShapeError,
  withRemedies,
} from "@transformer-xl/runtime";

const options = { need: "full precision" } as const;
const ERRORS = [
  new CheckpointError("Cannot x: y", options),
  new ConfigError("Cannot x: y", options),
  new DataError("Cannot x: y", options),
  new DeviceError("unsupported", "Cannot x: y", options),
  new GroupError("Cannot x: y", options),
  new ShaderError("Cannot x: y", options),
  new ShapeError("Cannot x: y", options),
];

Deno.test("a program ends every user error with the remedies of its needs, once", async () => {
  for (const error of ERRORS) {
    assertEquals(error.message, "Cannot x: y", "a library user reads no flag");
    assertEquals(error.need, "full precision");
    const inner = () => withRemedies(REMEDIES, () => Promise.reject(error));
    const thrown = await assertRejects(() => withRemedies(REMEDIES, inner), Error);
    assert(thrown === error, "class, stack and cause stay");
    assertEquals(thrown.message, "Cannot x: y; leave --fp16 out");
  }
});

Deno.test("several needs are joined, and without a need a message stays", async () => {
  const both = new ConfigError("Cannot x", { need: ["smaller updates", "a new run"] });
  assertEquals(
    remedySentence(both, REMEDIES),
    "Cannot x; lower --lr, raise --warmup_step or lower --clip, and start a new run, there is no " +
      "checkpoint yet",
  );
  for (const error of [new ConfigError("Cannot x; do y"), new Error("a bug")]) {
    const { message } = error;
    await assertRejects(() => withRemedies(REMEDIES, () => Promise.reject(error)), Error);
    assertEquals(error.message, message);
  }
  assertEquals(await withRemedies(REMEDIES, () => 3), 3);
});
