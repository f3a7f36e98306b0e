import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { kernel, kernelFor, ShaderError } from "@transformer-xl/runtime";
import { COPY_VECTORS, SCALE } from "../../support/sample_ops.ts";

const NOTHING = () => {};

Deno.test("kernel() reads operands with access, dtype and vector width, in binding order", () => {
  const { bindings } = kernel(
    "k",
    `
@group(0) @binding(2) var<storage, read_write> sums: array<atomic<u32>>;
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1)
var<storage> ids: array<u32>;
@group(0) @binding(4) var<storage, read> halves: array<vec2<f16>>;
`,
    NOTHING,
  );
  assertEquals(bindings, [
    { index: 0, name: "x", access: "read", dtype: "f32", width: 4 },
    { index: 1, name: "ids", access: "read", dtype: "u32", width: 1 },
    { index: 2, name: "sums", access: "read_write", dtype: "u32", width: 1 },
    { index: 4, name: "halves", access: "read", dtype: "f16", width: 2 },
  ]);
});

Deno.test("kernel() reads the fields of the uniform block in order", () => {
  const { scalars, scalarsBinding } = kernel(
    "k",
    `
struct Scalars {
  rows: u32, // R, all of them {not padded}
  start: i32,
  /* a, b: */ eps: f32,
}
@group(0) @binding(3) var<uniform> scalars: Scalars;
`,
    NOTHING,
  );
  assertEquals(scalarsBinding, 3);
  assertEquals(scalars, [
    { name: "rows", type: "u32" },
    { name: "start", type: "i32" },
    { name: "eps", type: "f32" },
  ]);
});

Deno.test("kernel() tells override constants with a default from those without", () => {
  assertEquals(COPY_VECTORS.constants, [
    { name: "STRIDE", optional: false },
    { name: "SHIFT", optional: true },
  ]);
  assertEquals(SCALE.constants, []);
});

Deno.test("kernel() reads the workgroup size, in numbers and override constants", () => {
  const sizeOf = (size: string) =>
    kernel(
      "k",
      `override LANES: u32;\noverride ROWS: u32;\n@compute @workgroup_size(${size})`,
      NOTHING,
    )
      .workgroupSize;
  assertEquals(sizeOf("64"), [[64]]);
  assertEquals(sizeOf("8u, LANES,"), [[8], ["LANES"]]);
  assertEquals(sizeOf("LANES * ROWS, 2, 1"), [["LANES", "ROWS"], [2], [1]]);
  assertEquals(kernel("k", "// @workgroup_size(64)", NOTHING).workgroupSize, undefined);
  assertThrows(
    () => sizeOf("LANES + 1"),
    ShaderError,
    'Cannot read kernel "k": "LANES + 1" of its workgroup size is no product of numbers and ' +
      "override constants",
  );
});

Deno.test("kernel() ignores what is commented out", () => {
  const { bindings, constants } = kernel(
    "k",
    `
// @group(0) @binding(0) var<storage, read> old: array<f32>;
/*
override OLD: u32;
@group(0) @binding(1) var<storage, read> older: array<f32>;
*/
`,
    NOTHING,
  );
  assertEquals([bindings, constants], [[], []]);
});

for (
  const [what, type] of [
    ["integers with sign", "array<i32>"],
    ["a struct", "Rows"],
    ["vectors of three, whose items are padded", "array<vec3<f32>>"],
    ["an array of arrays", "array<array<f32, 4>>"],
  ] as const
) {
  Deno.test(`kernel() refuses ${what}`, () => {
    const source = `@group(0) @binding(0) var<storage, read> x: ${type};`;
    assertThrows(
      () => kernel("k", source, NOTHING),
      ShaderError,
      `Cannot read kernel "k": binding "x" is ${type}, expected an array of f32, f16 or u32`,
    );
  });
}

Deno.test("kernel() refuses uniform fields that are not 4-byte numbers", () => {
  const block = (fields: string) =>
    `struct Scalars { ${fields} }\n@group(0) @binding(0) var<uniform> scalars: Scalars;`;
  assertThrows(
    () => kernel("k", block("rows: u32, scale: vec4<f32>"), NOTHING),
    ShaderError,
    'Cannot read kernel "k": field "scale: vec4<f32>" of Scalars is not u32, i32 or f32',
  );
  assertThrows(
    () => kernel("k", "@group(0) @binding(0) var<uniform> sizes: Sizes;", NOTHING),
    ShaderError,
    'Cannot read kernel "k": its uniform is not a "struct Scalars"',
  );
});

/** y = 2 x with an element type that is left open, and a sum that may differ from it. */
const TWICE = kernel(
  "twice",
  `
alias Value = f32;
alias Sum = f32;
@group(0) @binding(0) var<storage, read> x: array<vec2<Value>>;
@group(0) @binding(1) var<storage, read_write> y: array<Value>;
@group(0) @binding(2) var<storage, read_write> sum: array<Sum>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
`,
  NOTHING,
);

Deno.test("kernel() reads an alias of f32 as an element type that launches may narrow", () => {
  assertEquals(TWICE.bindings.map(({ name, dtype, width, alias }) => [name, dtype, width, alias]), [
    ["x", "f32", 2, "Value"],
    ["y", "f32", 1, "Value"],
    ["sum", "f32", 1, "Sum"],
    ["weights", "f32", 1, undefined],
  ]);
});

Deno.test("kernelFor() narrows the aliases whose operands are halves, and no other", () => {
  const narrow = kernelFor(TWICE, { x: "f16", y: "f16", sum: "f32", weights: "f32" });
  assertEquals(narrow.bindings.map(({ dtype }) => dtype), ["f16", "f16", "f32", "f32"]);
  assertEquals(narrow.name, "twice_f16");
  assertStringIncludes(narrow.source, "enable f16;");
  assertStringIncludes(narrow.source, "alias Value = f16;\nalias Sum = f32;");
});

Deno.test("kernelFor() gives the same kernel again, and the general one where all is float32", () => {
  const halves = { x: "f16", y: "f16", sum: "f16" } as const;
  assert(kernelFor(TWICE, halves) === kernelFor(TWICE, halves));
  assert(kernelFor(TWICE, { x: "f32", y: "f32", sum: "f32" }) === TWICE);
});

Deno.test("kernelFor() refuses operands of one alias with different dtypes", () => {
  assertThrows(
    () => kernelFor(TWICE, { x: "f32", y: "f16", sum: "f32" }),
    ShaderError,
    'Cannot launch "twice": operands "x" and "y" share the element type Value, but are f32 and f16',
  );
});
