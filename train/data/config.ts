/**
 * The flags of `deno task data`.
 *
 * @module
 */
import { pathValue } from "@transformer-xl/runtime";
import { z } from "zod";

/** Schema of the flags. */
export const dataSchema = z.strictObject({
  to: pathValue.nullable().default(null)
    .describe(
      "Folder of the prepared text, new or empty; training and evaluation read it with --data",
    )
    .meta({ metavar: "DIR" }),
  from: z.array(pathValue).nullable().default(null)
    .describe("Archives, texts or folders that you have; nothing is downloaded")
    .meta({ metavar: "PATH ..." }),
  url: z.url({ protocol: /^https?$/ }).nullable().default(null)
    .describe("Address of a mirror to download from; published checksums hold for it too")
    .meta({ metavar: "URL" }),
  keep: z.boolean().default(false).describe("Keep the downloads, in DIR.download"),
});

/** Values of the flags. */
export type DataFlags = z.output<typeof dataSchema>;
