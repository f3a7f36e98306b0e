/**
 * Writes the tables of flags in README.md anew from the schemas.
 *
 * @module
 */
import { withFlagTables } from "./documents.ts";
import { ROOT } from "../rules/source_tree.ts";

if (import.meta.main) {
  const path = new URL("README.md", ROOT);
  await Deno.writeTextFile(path, withFlagTables(await Deno.readTextFile(path)));
}
