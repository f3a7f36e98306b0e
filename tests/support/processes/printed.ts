/**
 * Capture of what this process prints.
 *
 * @module
 */

/** What was printed. */
export interface Printed {
  /** Text on standard output. */
  readonly stdout: string;
  /** Text on standard error. */
  readonly stderr: string;
}

/** Runs `body` and returns what it prints, by the console or by writes to the streams. */
export async function printedBy(body: () => Promise<unknown>): Promise<Printed> {
  const print = console.log;
  const texts = { stdout: "", stderr: "" };
  const restored = (["stdout", "stderr"] as const).map((name) => {
    const stream = Deno[name];
    const { writeSync } = stream;
    stream.writeSync = (bytes) => {
      texts[name] += new TextDecoder().decode(bytes);
      return bytes.length;
    };
    return () => stream.writeSync = writeSync;
  });
  console.log = (line) => void (texts.stdout += `${line}\n`);
  try {
    await body();
  } finally {
    console.log = print;
    for (const restore of restored) restore();
  }
  return texts;
}
