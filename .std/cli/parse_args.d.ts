/** Options of parseArgs. */
export interface ParseOptions<B extends string, S extends string> {
  boolean?: readonly B[];
  string?: readonly S[];
  default?: Record<string, unknown>;
  alias?: Record<string, string | readonly string[]>;
  collect?: readonly string[];
  negatable?: readonly string[];
  "--"?: boolean;
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}
export declare function parseArgs<const B extends string = never, const S extends string = never>(
  args: readonly string[],
  options?: ParseOptions<B, S>,
): { [K in B]: boolean } & { [K in S]?: string } & { _: (string | number)[]; [key: string]: unknown };
