/**
 * Generator of the flag tables in the members' pages.
 *
 * @module
 */
import {
  documentAt,
  FLAG_PAGES,
  REFERENCE_PAGE,
  withFlagTable,
  withReferenceFlags,
} from "./documents.ts";
import { ROOT } from "../rules/source_tree.ts";

if (import.meta.main) {
  for (const [name, path] of FLAG_PAGES) {
    await Deno.writeTextFile(new URL(path, ROOT), withFlagTable(name, documentAt(path).text));
  }
  const { text } = documentAt(REFERENCE_PAGE);
  await Deno.writeTextFile(new URL(REFERENCE_PAGE, ROOT), withReferenceFlags(text));
}
