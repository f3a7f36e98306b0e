/**
 * `deno task setup`: a usable adapter, or the way to one. Exits 1 when there is none.
 *
 * @module
 */
import { thisMachine } from "./machine.ts";
import { setUp } from "./set_up.ts";

if (import.meta.main) {
  if (!await setUp(thisMachine(), (line) => console.log(line))) Deno.exit(1);
}
