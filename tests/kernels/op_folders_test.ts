import { assertEquals } from "@std/assert";
import { importsOf, readSourceFiles, type SourceFile } from "../repository/rules/source_tree.ts";

/** Folders of `kernels` that hold no single op. */
const NO_OPS = ["finite", "optimizer", "shared"];

const files = readSourceFiles();
const ofKernels = files.filter(({ path }) => path.startsWith("kernels/"));

Deno.test("every op is a folder of one layout, one line in mod.ts and one in the catalogue", () => {
  assertEquals(offences(ofKernels), []);
});

Deno.test("an op without cases, with WGSL in its definition, or without a line, is an offence", () => {
  const without = (path: string) => ofKernels.filter((file) => file.path !== path);
  const changed = (path: string, from: string, to: string) =>
    ofKernels.map((file) =>
      file.path === path ? { path, text: file.text.replace(from, to) } : file
    );
  assertEquals(offences(without("kernels/gelu/cases.ts")), ["gelu has no cases.ts"]);
  const line = 'export * from "./gelu/cases.ts";\n';
  assertEquals(offences(changed("kernels/catalogue.ts", line, "")), [
    "gelu has 0 lines in catalogue.ts",
  ]);
  assertEquals(offences(changed("kernels/mod.ts", 'from "./gelu/mod.ts"', 'from "./x.ts"')), [
    "gelu has 0 lines in mod.ts",
  ]);
  assertEquals(offences(changed("kernels/gelu/mod.ts", "./kernels.ts", "./gelu.wgsl")), [
    "kernels/gelu/mod.ts imports WGSL",
  ]);
});

Deno.test("GELU is one folder and two lines: no other source names it", () => {
  const lines = files
    .filter(({ path }) =>
      !path.startsWith("kernels/gelu/") && path !== "tests/kernels/op_folders_test.ts"
    )
    .flatMap(({ path, text }) =>
      text.split("\n").filter((line) => /gelu/i.test(line)).map((line) => `${path}: ${line}`)
    );
  assertEquals(lines, [
    'kernels/catalogue.ts: export * from "./gelu/cases.ts";',
    'kernels/mod.ts: export * from "./gelu/mod.ts";',
  ]);
});

Deno.test("every entry of the tape is made by Recorder.node", () => {
  const pushes = files.filter(({ path, text }) =>
    !path.startsWith("tests/") && /(?<!#)\bnodes\.push\(/.test(text)
  );
  assertEquals(pushes.map(({ path }) => path), ["runtime/record/recorder.ts"]);
});

Deno.test("the loops of a kernel take operands and scalars by names that their types list", () => {
  const untyped = ofKernels.filter(({ path }) => path.endsWith("/kernels.ts"))
    .flatMap(({ path, text }) =>
      text.split("\n").filter((line) => /[A-Za-z]!(?!=)/.test(line)).map((line) =>
        `${path}: ${line}`
      )
    );
  assertEquals(untyped, []);
});

/** What is wrong with the folders of ops. */
function offences(kernels: readonly SourceFile[]): readonly string[] {
  const paths = kernels.map(({ path }) => path);
  const folders = [...new Set(paths.map((path) => path.split("/")[1]!))]
    .filter((name) => !name.endsWith(".ts") && !NO_OPS.includes(name));
  const linesOf = (file: string, specifier: string) =>
    kernels.find(({ path }) => path === `kernels/${file}`)!.text.split("\n")
      .filter((line) => line.includes(`"${specifier}"`)).length;
  return folders.flatMap((folder) => {
    const own = kernels.filter(({ path }) => path.startsWith(`kernels/${folder}/`));
    const lacking = ["mod.ts", "cases.ts"].filter((name) =>
      !paths.includes(`kernels/${folder}/${name}`)
    );
    if (lacking.length > 0) return lacking.map((name) => `${folder} has no ${name}`);
    const counts = [["mod.ts", "mod.ts"], ["catalogue.ts", "cases.ts"]] as const;
    return [
      ...counts.map(([file, name]) => [file, linesOf(file, `./${folder}/${name}`)] as const)
        .filter(([, count]) => count !== 1)
        .map(([file, count]) => `${folder} has ${count} lines in ${file}`),
      ...own.filter(({ path }) => !path.endsWith("/kernels.ts"))
        .filter((file) => importsOf(file).some((name) => name.endsWith(".wgsl")))
        .map(({ path }) => `${path} imports WGSL`),
    ];
  });
}
