/**
 * Location of the native module of an npm package, which Deno downloads at the first call. A process
 * of its own has its own lock file: an entry in that of the repository would download the package,
 * 51 MB, in every run that uses any package.
 *
 * @module
 */
import process from "node:process";
import { writeAllSync } from "../../files/write_all.ts";

if (import.meta.main) {
  const [specifier] = Deno.args;
  await import(specifier!); // verified by the lock file, and loaded: a package of another system fails
  const arch = process.platform === "darwin" ? "universal" : process.arch;
  const native = `dist/${process.platform}-${arch}/dawn.node`;
  const { href } = new URL(native, import.meta.resolve(specifier!));
  writeAllSync(Deno.stdout, href);
}
