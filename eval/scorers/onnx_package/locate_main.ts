/**
 * Address of an entry of an npm package, which Deno downloads at the first call. A process of its own
 * has its own lock file: an entry in that of the repository would download the package, 139 MB, in
 * every run that uses any package.
 *
 * @module
 */
if (import.meta.main) {
  const [specifier] = Deno.args;
  await import(specifier!); // verified by the lock file; before that, it has no address
  Deno.stdout.writeSync(new TextEncoder().encode(import.meta.resolve(specifier!)));
}
