/**
 * The command that starts this program again.
 *
 * @module
 */

import { ownPermissions } from "./own_permissions.ts";

/**
 * The running program, as a script or as one executable, with other arguments and with no more
 * permissions than this process has.
 *
 * @param paths files and folders that it uses
 * @param query state of a permission
 */
export function sameProgram(
  args: readonly string[],
  paths: readonly string[] = [],
  query: typeof Deno.permissions.querySync = (descriptor) => Deno.permissions.querySync(descriptor),
): { readonly command: string; readonly args: readonly string[] } {
  const script = Deno.build.standalone ? [] : [
    "run",
    ...ownPermissions(paths, query),
    "--quiet",
    Deno.mainModule,
  ];
  return { command: Deno.execPath(), args: [...script, ...args] };
}
