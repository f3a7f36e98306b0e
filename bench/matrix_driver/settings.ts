/**
 * The flags of the program that unpacks a driver.
 *
 * @module
 */
import { pathValue } from "@transformer-xl/runtime";
import { z } from "zod";

/** Everything `bench/matrix_driver/main.ts` accepts. */
export const matrixDriverSchema = z.strictObject({
  to: pathValue.nullable().default(null).describe("Folder to unpack to, 350 MB; required")
    .meta({ metavar: "DIR" }),
  suite: z.string().regex(/^[\w.-]+$/).default("sid")
    .describe("Suite of the Debian archive of this system"),
});

/** Checked flags. */
export type MatrixDriverFlags = z.infer<typeof matrixDriverSchema>;
