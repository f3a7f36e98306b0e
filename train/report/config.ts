/**
 * The flags of `deno task report`.
 *
 * @module
 */
import { pathValue } from "@transformer-xl/runtime";
import { z } from "zod";

/** Schema of the flags. */
export const reportSchema = z.strictObject({
  to: pathValue.nullable().default(null)
    .describe(
      "Page to write, or picture if the name ends with .svg; by default report.html, with one DIR in " +
        "DIR with loss_curve.svg beside it",
    )
    .meta({ metavar: "FILE" }),
});
