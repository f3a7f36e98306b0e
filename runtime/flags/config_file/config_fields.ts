/**
 * Flags of programs that read and print configuration files.
 *
 * @module
 */
import { z } from "zod";
import { pathValue } from "../path_value.ts";

const general = { group: "General", flagOnly: true } as const;

/** Flags of such a program. */
export const configFields = {
  configFile: pathValue.nullable().default(null)
    .describe("YAML or JSON file of settings, overridden by flags")
    .meta({ ...general, metavar: "FILE" }),
  config: z.string().min(1).max(256).nullable().default(null)
    .describe("Section to read, if --config_file has sections; none: default")
    .meta({ ...general, metavar: "SECTION" }),
  printConfig: z.boolean().default(false)
    .describe("Print the settings as YAML for --config_file, then exit").meta(general),
};
