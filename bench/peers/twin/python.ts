/**
 * Python with a module, for twins that are programs of it.
 *
 * @module
 */
import { tryProgram } from "@transformer-xl/runtime/setup";

/** Where Python is looked for: a version manager may hide the one of the system's packages. */
const PYTHONS = ["python3", "/usr/bin/python3"] as const;

/** The first Python that has a module. */
export interface PythonFound {
  /** Its path; undefined where none has the module. */
  readonly python: string | undefined;
  /** The reason in a line. */
  readonly reason: string;
}

/**
 * Looks for a module without loading it, which takes seconds.
 *
 * @param given the only Python that is tried
 */
export async function pythonWith(module: string, given?: string): Promise<PythonFound> {
  const candidates = given === undefined ? PYTHONS : [given];
  const reason = `not installed, ${candidates.join(" and ")} cannot import ${module}`;
  const program =
    `import importlib.util, sys; sys.exit(importlib.util.find_spec('${module}') is None)`;
  for (const python of candidates) {
    const { code } = await tryProgram([python, "-c", program]);
    if (code === 0) return { python, reason };
  }
  return { python: undefined, reason };
}
