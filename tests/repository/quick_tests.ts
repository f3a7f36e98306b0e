/**
 * The tests of the gate before a commit: those that start no further process, try no random inputs
 * and do not repeat whole training runs by the dozen.
 *
 * @module
 */
import { importsOf, resolvePath, type SourceFile, withoutComments } from "./rules/source_tree.ts";

const STARTS = /\bnew Deno\.Command\(|\btryProgram\(|\bnew Program\(|\bnew Worker\(/;
const TYPE_IMPORT = /^import type [\s\S]*?;$/gm;

/** Tests of many whole runs or with PyTorch, each above ten seconds; `deno task test` has them. */
export const LONG_TESTS: readonly string[] = [
  "tests/bench/peers/peer_twins_test.ts",
  "tests/kernels/adapter_classes_test.ts",
  "tests/kernels/attention/fused_derivative_test.ts",
  "tests/model/onnx/onnx_webgpu_test.ts",
  "tests/train/checkpoint/rerun_and_resume_test.ts",
  "tests/train/config/reference_runs_test.ts",
  "tests/train/optimizers_test.ts",
];

/** Paths of the quick tests among the source files. The rules of the house are always there. */
export function quickTests(files: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const known = new Map<string, boolean>();
  const startsProcesses = (path: string): boolean => {
    const file = byPath.get(path);
    if (file === undefined || !path.startsWith("tests/")) return false;
    if (!known.has(path)) {
      known.set(path, false); // while its imports are looked at
      const text = file.text.replaceAll(TYPE_IMPORT, "");
      const starts = STARTS.test(withoutComments(text)) ||
        importsOf({ path, text }).filter((specifier) => specifier.startsWith("."))
          .some((specifier) => startsProcesses(resolvePath(path, specifier)));
      known.set(path, starts);
    }
    return known.get(path)!;
  };
  return files.map(({ path }) => path)
    .filter((path) => path.startsWith("tests/") && path.endsWith("_test.ts"))
    .filter((path) => !path.startsWith("tests/fuzz/") && !LONG_TESTS.includes(path))
    .filter((path) => path.startsWith("tests/repository/rules/") || !startsProcesses(path));
}
