/**
 * Instructions of a Dockerfile, as far as ours has them.
 *
 * @module
 */

/** One instruction. */
export interface Instruction {
  /** Its word, such as RUN. */
  readonly name: string;
  /** What follows, in one line. */
  readonly text: string;
}

/** The instructions of a file; lines that go on are joined, comments are left out. */
export function instructionsOf(dockerfile: string): readonly Instruction[] {
  const lines = dockerfile.split("\n").filter((line) => !/^\s*#/.test(line)).join("\n")
    .replaceAll(/\\\n\s*/g, " ").split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [, name, text] = /^(\w+)\s+(.*?)\s*$/.exec(line)!;
    return { name: name!, text: text! };
  });
}

/** Names and values of ARG and ENV lines. */
export function valuesOf(
  instructions: readonly Instruction[],
  kind: "ARG" | "ENV",
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    instructions.filter(({ name }) => name === kind).map(({ text }) => {
      const at = text.indexOf("=");
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
