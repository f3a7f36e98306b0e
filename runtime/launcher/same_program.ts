/**
 * How to start this program once more.
 *
 * @module
 */

/** The running program, as a script or as one executable, with other arguments. */
export function sameProgram(
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  const script = Deno.build.standalone ? [] : ["run", "--allow-all", "--quiet", Deno.mainModule];
  return { command: Deno.execPath(), args: [...script, ...args] };
}
