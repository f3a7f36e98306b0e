/**
 * Rules as tests, each with trees that keep it and trees that break it.
 *
 * @module
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import type { Rule } from "./architecture_rules.ts";
import { readSourceFiles, type SourceFile } from "./source_tree.ts";

/** A rule with a tree that keeps it and trees that break it, by path. */
export interface RuleCase {
  readonly name: string;
  readonly rule: Rule;
  readonly good: Readonly<Record<string, string>>;
  readonly bad: readonly Readonly<Record<string, string>>[];
}

/** Registers a test per rule: it accepts `good`, refuses each of `bad`, accepts the repository. */
export function testRules(cases: readonly RuleCase[]): void {
  const tree = readSourceFiles();
  for (const { name, rule, good, bad } of cases) {
    Deno.test(name, () => {
      assertEquals(rule(filesOf(good)), [], "the rule refuses what is right");
      for (const broken of bad) {
        assertNotEquals(rule(filesOf(broken)), [], `the rule overlooks ${JSON.stringify(broken)}`);
      }
      assertEquals(rule(tree), []);
    });
  }
}

function filesOf(tree: Readonly<Record<string, string>>): readonly SourceFile[] {
  return Object.entries(tree).map(([path, text]) => ({ path, text }));
}
